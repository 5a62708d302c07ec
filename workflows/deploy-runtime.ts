import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ReleaseInput } from '../activities/helm.ts';
import type { Admission, DeployRuntimeInput, PlanReport, RolloutReport } from '../domain/deployment.ts';
import type { Leaves, Outcome } from '../domain/operation.ts';
import { cluster, records } from './activity-options.ts';
import { type Admitted, admitUpdate, stateQuery } from './messages.ts';
import { ApprovalGate } from './parts/approval-gate.ts';
import { Attention } from './parts/attention.ts';
import { type Act, Consent, type Withheld } from './parts/consent.ts';
import { describeFailure } from './parts/describe-failure.ts';
import type { GivingUp } from './parts/giving-up.ts';
import { type Ending, Journal } from './parts/journal.ts';
import { type Deploy, putBack } from './parts/put-back.ts';
import { refuse } from './parts/refuse.ts';
import { Stoppable } from './parts/stoppable.ts';
import { verifyRollout } from './parts/verify-rollout.ts';

export interface DeployResult {
  readonly operationId: string;
  readonly outcome: Outcome;
  readonly message: string;
}

/**
 * Puts one version of an agent into its runtime, watches it, and puts back what was there when it does not become
 * healthy. Its id is the runtime's lock; nothing else writes the runtime's records.
 */
export async function deployRuntime(input: DeployRuntimeInput): Promise<DeployResult> {
  const journal = new Journal(input);
  const parts = {
    journal,
    consent: new Consent(journal, new ApprovalGate(input, journal)),
    attention: new Attention(journal),
    stop: new Stoppable(journal),
  };
  let admission: Admission | undefined;
  setHandler(stateQuery, () => journal.state());
  setHandler(admitUpdate, async () => {
    await CancellationScope.nonCancellable(() => condition(() => admission !== undefined));
    return answer(input, admission);
  });

  const { workflowId, runId } = workflowInfo();
  admission = await CancellationScope.nonCancellable(() =>
    records.admitDeployment.executeWithOptions({ summary: 'policy, hold, name, quota' }, [
      { ...input, workflowId, runId },
    ]),
  );
  if (!admission.admitted)
    return close(input, { outcome: 'rejected', message: admission.reason, leaves: 'previous' });

  const ending = await deploy(input, admission, parts);
  await journal.finish(ending);
  return close(input, ending);
}

type Accepted = Extract<Admission, { admitted: true }>;
interface Parts {
  readonly journal: Journal;
  readonly consent: Consent;
  readonly attention: Attention;
  readonly stop: Stoppable;
}

/** Whatever interrupts the story ends here; from `applying` on that means going back. */
async function deploy(input: DeployRuntimeInput, admission: Accepted, parts: Parts): Promise<Ending> {
  const progress: { applying?: Deploy } = {};
  try {
    return await parts.stop.run(() => story(input, admission, parts, progress));
  } catch (error) {
    const cancelled = isCancellation(error) || parts.stop.stopped();
    const failed = describeFailure(error);
    const why = { ...failed, reason: cancelled ? parts.stop.reason() : failed.reason, cancelled };
    if (progress.applying) return putBack(progress.applying, why, parts);
    return endedBeforeAnyChange(admission, why);
  }
}

async function story(
  input: DeployRuntimeInput,
  admission: Accepted,
  parts: Parts,
  progress: { applying?: Deploy },
): Promise<Ending> {
  const { journal, consent } = parts;
  const { target, policy } = admission;
  journal.began('preparing', policy.reason);
  const firstPlan = await planUntilOurs(input, admission, parts);
  if (!firstPlan) return withheldBy(ABANDONED, admission);

  let plan = firstPlan;
  const act: Act = {
    index: 0,
    message: () => inWords(plan),
    notes: () => ({ baseRevision: plan.baseRevision }),
    propose: () => ({ target, requester: input.requester }),
    lookAgain: async () => {
      const again = await planUntilOurs(input, admission, parts);
      plan = again ?? plan;
      return again ? undefined : ABANDONED;
    },
  };
  const withheld = (await consent.ask(policy, act)) ?? (await consent.obtain(act));
  if (withheld) return withheldBy(withheld, admission);
  const { baseRevision, digest: planDigest } = plan;
  progress.applying = { input, admission, baseRevision };
  const { revision } = await cluster.installRelease.executeWithOptions(
    { summary: `${target.release}: ${inWords(plan)}` },
    [{ ...releaseInput(input, admission), baseRevision, planDigest }],
  );

  await journal.enter('verifying', `revision ${revision} is in; watching its pods`, { revision });
  const verdict = await verifyUntilConclusive(input, admission, parts);
  if (verdict.status !== 'healthy') return putBack(progress.applying, notVerified(verdict), parts);
  return { outcome: 'succeeded', message: verdict.reason, revision, verdict, verified: true, leaves: 'new' };
}

/** What the release activities are told; the plan and the change must hear the same. */
function releaseInput(
  { operationId, deploymentId, agent }: DeployRuntimeInput,
  { target }: Accepted,
): ReleaseInput {
  return { target, operationId, deploymentId, agent };
}

/** Plans; when somebody changed the release outside of us, a person says whether to go on over it. */
async function planUntilOurs(
  input: DeployRuntimeInput,
  admission: Accepted,
  parts: Parts,
): Promise<PlanReport | undefined> {
  const { quota, target } = admission;
  let { knownRevision } = admission;
  for (;;) {
    const plan = await cluster.planRelease.executeWithOptions(
      { summary: `namespace ${target.namespace}, dry run of ${target.release}` },
      [{ ...releaseInput(input, admission), knownRevision, quota }],
    );
    if (!plan.changedOutside) return plan;
    const { revision, description } = plan.changedOutside;
    const answer = await parts.attention.ask(
      `revision ${revision} of ${target.release} was made outside of RuntimeAI (${description})`,
      'retry: look again; accept: deploy over it; abandon: leave it as it is',
    );
    if (answer.resolution === 'abandon') return undefined;
    if (answer.resolution === 'accept') knownRevision = revision;
    await parts.journal.enter('preparing', `${answer.by.name} chose to ${answer.resolution}`);
  }
}

/** Verifies; when nobody knows how the pods are, a person decides instead of a guess. */
async function verifyUntilConclusive(
  input: DeployRuntimeInput,
  admission: Accepted,
  parts: Parts,
): Promise<RolloutReport> {
  const { timeout_seconds, soak_seconds } = input.verification;
  for (;;) {
    const report = await verifyRollout(
      { target: admission.target, operationId: input.operationId, soakSeconds: soak_seconds },
      timeout_seconds,
    );
    if (report.status !== 'inconclusive') return report;
    const answer = await parts.attention.ask(
      report.reason,
      'retry: verify again; accept: I have seen it healthy; abandon: go back',
      { verdict: report },
    );
    if (answer.resolution === 'abandon')
      return { ...report, status: 'failed', reason: `${answer.by.name} gave up on it: ${report.reason}` };
    if (answer.resolution === 'accept')
      return {
        ...report,
        status: 'healthy',
        reason: `${answer.by.name} vouches for it: ${answer.comment ?? report.reason}`,
      };
    await parts.journal.enter('verifying', `${answer.by.name} asked to verify again`);
  }
}

function withheldBy(withheld: Withheld, admission: Accepted): Ending {
  return { ...withheld, leaves: leftAlone(admission) };
}

function notVerified({ reason }: RolloutReport): GivingUp {
  return { code: 'verification_failed', reason, outcome: 'failed', cancelled: false };
}

const ABANDONED: Withheld = {
  outcome: 'abandoned',
  message: 'left as it was changed outside of RuntimeAI',
};

function endedBeforeAnyChange(admission: Accepted, why: GivingUp): Ending {
  const leaves = leftAlone(admission);
  if (why.cancelled)
    return {
      outcome: 'cancelled',
      message: `${why.reason}; nothing was changed`,
      leaves,
      approvalStatus: 'cancelled',
    };
  return {
    outcome: why.outcome,
    message: `${why.reason}; nothing was changed`,
    error: { code: why.code, message: why.reason },
    leaves,
  };
}

function leftAlone(admission: Accepted): Leaves {
  return admission.knownRevision > 0 ? 'previous' : 'nothing';
}

function inWords(plan: PlanReport): string {
  const { create, update, unchanged, remove } = plan.summary;
  return `${create} to create, ${update} to update, ${remove} to remove, ${unchanged} unchanged`;
}

function answer(input: DeployRuntimeInput, admission: Admission | undefined): Admitted {
  if (!admission?.admitted)
    throw refuse(admission?.code ?? 'runtime_not_found', admission?.reason ?? 'there is no answer');
  const { operationId, deploymentId, runtimeId } = input;
  return { operationId, deploymentId, runtimeId };
}

async function close(input: DeployRuntimeInput, ending: Ending): Promise<DeployResult> {
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  return { operationId: input.operationId, outcome: ending.outcome, message: ending.message };
}
