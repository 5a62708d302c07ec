import {
  allHandlersFinished,
  CancellationScope,
  condition,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { AcceptedChange, ChangeAdmission, ChangeRuntimeInput } from '../domain/change-operation.ts';
import type { Outcome } from '../domain/operation.ts';
import { records } from './activity-options.ts';
import { type Admitted, admitUpdate, stateQuery } from './messages.ts';
import { ApprovalGate } from './parts/approval-gate.ts';
import { Attention } from './parts/attention.ts';
import type { ChangeEnding } from './parts/change-journal.ts';
import { ChangeJournal } from './parts/change-journal.ts';
import { Consent } from './parts/consent.ts';
import { describeFailure } from './parts/describe-failure.ts';
import { refuse } from './parts/refuse.ts';
import { StepRunner } from './parts/step-runner.ts';
import { Stoppable, throwIfStopped } from './parts/stoppable.ts';

export interface ChangeResult {
  readonly operationId: string;
  readonly outcome: Outcome;
  readonly message: string;
}

/**
 * Does to a runtime what was asked, one step after the other, and puts back what does not work. Its id is the
 * runtime's lock, as that of a deploy is.
 */
export async function changeRuntime(input: ChangeRuntimeInput): Promise<ChangeResult> {
  const journal = new ChangeJournal(input);
  const consent = new Consent(journal, new ApprovalGate(input, journal));
  const stop = new Stoppable(journal, () => journal.irrevocable());
  const attention = new Attention(journal);
  let admission: ChangeAdmission | undefined;
  setHandler(stateQuery, () => journal.state());
  setHandler(admitUpdate, async () => {
    await CancellationScope.nonCancellable(() => condition(() => admission !== undefined));
    return answer(input, admission);
  });

  const { workflowId, runId } = workflowInfo();
  admission = await CancellationScope.nonCancellable(() =>
    records.admitChange.executeWithOptions({ summary: 'policy, state, capability, quota' }, [
      { ...input, workflowId, runId },
    ]),
  );
  if (!admission.admitted) return close(input, 'rejected', admission.reason);

  journal.admitted(admission);
  const runner = new StepRunner({ input, admission, journal, attention, stop, consent });
  const ending = await story({ input, admission, journal, stop, runner });
  await journal.finishChange(ending);
  return close(input, ending.outcome, ending.message);
}

interface Cast {
  readonly input: ChangeRuntimeInput;
  readonly admission: AcceptedChange;
  readonly journal: ChangeJournal;
  readonly stop: Stoppable;
  readonly runner: StepRunner;
}

async function story(cast: Cast): Promise<ChangeEnding> {
  const { admission, journal, stop, runner } = cast;
  const withoutSteps = nothingPlanned(admission);
  if (withoutSteps) return withoutSteps;
  journal.began('preparing', admission.policy.reason);
  const before = await stop
    .run(async () => (await tryOut(cast)) ?? (await askPeople(cast)))
    .catch((error: unknown) => endedBeforeAnyChange(cast, error));
  if (before) return before;
  if (admission.intent?.dryRun) return triedOut(admission);

  for (const index of admission.steps.keys()) {
    const ended = await runner.run(index);
    if (ended) return ended;
  }
  const ended = await runner.keepWatch();
  if (ended) return ended;
  return { outcome: 'succeeded', message: journal.summary() };
}

/** An intent for which nothing is to be done has succeeded; one that could not be planned has failed. */
function nothingPlanned({ intent, steps }: AcceptedChange): ChangeEnding | undefined {
  if (!intent || steps.length > 0) return undefined;
  const message = intent.cannot.join('; ');
  if (intent.cannot.length === 0) {
    const why = intent.rationale?.join('; ') || 'the goal is met already';
    return { outcome: 'succeeded', message: `nothing is to be done: ${why}` };
  }
  return { outcome: 'failed', message: `no plan: ${message}`, error: { code: 'cannot_plan', message } };
}

/** What the cluster refuses is refused while nothing is changed; later steps are tried out when those before are done. */
async function tryOut({ admission, runner }: Cast): Promise<undefined> {
  const indexes = [...admission.steps.keys()];
  for (const index of admission.intent?.dryRun ? indexes : indexes.slice(0, 1)) await runner.plan(index);
  throwIfStopped();
  return undefined;
}

/** What changes nothing needs nobody's consent. */
async function askPeople({ admission, runner }: Cast): Promise<ChangeEnding | undefined> {
  return admission.intent?.dryRun ? undefined : runner.askPeople();
}

function triedOut({ steps }: AcceptedChange): ChangeEnding {
  const message = `a dry run: ${steps.length} ${steps.length === 1 ? 'step was' : 'steps were'} tried out and nothing was changed`;
  return { outcome: 'succeeded', message, skipped: 'it was a dry run' };
}

function endedBeforeAnyChange({ stop }: Cast, error: unknown): ChangeEnding {
  if (stop.stopped())
    return {
      outcome: 'cancelled',
      message: `${stop.reason()}; nothing was changed`,
      approvalStatus: 'cancelled',
      skipped: stop.reason(),
    };
  const { code, reason, outcome } = describeFailure(error);
  return {
    outcome,
    message: `${reason}; nothing was changed`,
    error: { code, message: reason },
    skipped: 'the plan was refused',
  };
}

function answer(input: ChangeRuntimeInput, admission: ChangeAdmission | undefined): Admitted {
  if (!admission?.admitted)
    throw refuse(admission?.code ?? 'runtime_not_found', admission?.reason ?? 'there is no answer');
  const { operationId, runtimeId } = input;
  return { operationId, runtimeId };
}

async function close(input: ChangeRuntimeInput, outcome: Outcome, message: string): Promise<ChangeResult> {
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  return { operationId: input.operationId, outcome, message };
}
