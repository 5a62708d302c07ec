import { ApplicationFailure } from '@temporalio/workflow';
import type { Begun, Observation, Step, StepPlan } from '../../domain/change.ts';
import type { AcceptedChange, ChangeRuntimeInput } from '../../domain/change-operation.ts';
import type { ErrorCode } from '../../domain/rules/error-code.ts';
import { markOf } from '../../domain/rules/marks.ts';
import { steps as promises } from '../activity-options.ts';

/** The steps of one operation as its activities want them, with what is known by now: plans, and revisions made. */
export class Steps {
  /** The newest revision that is ours. */
  knownRevision: number;
  private readonly plans = new Map<number, StepPlan>();
  private readonly carriers: number[] = [];

  constructor(
    private readonly input: ChangeRuntimeInput,
    private readonly admission: AcceptedChange,
  ) {
    this.knownRevision = admission.knownRevision;
  }

  at(index: number): Step {
    const { target, quota, steps } = this.admission;
    const found = steps[index];
    if (!found) throw ApplicationFailure.nonRetryable(`There is no step ${index}.`);
    const { change, before, desired } = found;
    const { operationId } = this.input;
    return { target, operationId, index, change, before, desired, knownRevision: this.knownRevision, quota };
  }

  /** Tries a step out; throws what makes it impossible. */
  async plan(index: number): Promise<StepPlan> {
    const step = this.at(index);
    const plan = await promises.planStep.executeWithOptions({ summary: `dry run: ${inWords(step)}` }, [step]);
    this.plans.set(index, plan);
    return plan;
  }

  /** What the step's last plan has found, if it had one. */
  planned(index: number): StepPlan | undefined {
    return this.plans.get(index);
  }

  /** Remembers a revision at once: should the rest go wrong, it is still ours. */
  made({ revision }: Begun): void {
    this.knownRevision = Math.max(this.knownRevision, revision ?? 0);
  }

  /** From now on what is there carries the mark of this step. */
  carries(index: number): void {
    this.carriers.push(index);
  }

  /** Whose mark what is there carries once the step is taken back. */
  markBefore(index: number): string | undefined {
    const carrier = this.carriers.findLast(earlier => earlier < index);
    if (carrier === undefined) return this.admission.verifiedOperationId;
    return markOf({ operationId: this.input.operationId, index: carrier });
  }

  /** Waits until it is reached; throws when it has failed, or the time is up. */
  async reached(what: { readonly step: Step; readonly begun: Begun }): Promise<Observation> {
    const { change } = what.step;
    const grace = change.verb === 'stop' ? (change.timeoutSeconds ?? 0) : 0;
    const seconds = this.admission.stepTimeoutSeconds + grace;
    const until = new Date(Date.now() + seconds * 1000).toISOString();
    const seen = await promises.awaitStep.executeWithOptions(
      { summary: `${inWords(what.step)}: reached by ${until}` },
      [{ ...what, until }],
    );
    if (seen.status === 'reached') return seen;
    throw notReached(seen, seconds);
  }
}

/** The step as a person reads of it. */
export function inWords({ target, change, index }: Step): string {
  return `${index + 1}. ${change.verb} ${target.runtimeName}`;
}

function notReached({ status, message }: Observation, seconds: number): ApplicationFailure {
  const type: ErrorCode = status === 'failed' ? 'step_failed' : 'verification_failed';
  const words = status === 'failed' ? message : `not reached within ${seconds} s: ${message}`;
  return ApplicationFailure.create({ type, message: words, nonRetryable: true });
}
