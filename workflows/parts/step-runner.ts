import { ApplicationFailure, CancellationScope } from '@temporalio/workflow';
import type { Begun, Observation, Step, StepPlan } from '../../domain/change.ts';
import type { ChangeAdmission, ChangeRuntimeInput } from '../../domain/change-operation.ts';
import type { Outcome } from '../../domain/operation.ts';
import type { ErrorCode } from '../../domain/rules/error-code.ts';
import { changeRecords, steps as promises } from '../activity-options.ts';
import type { Attention } from './attention.ts';
import type { ChangeEnding, ChangeJournal } from './change-journal.ts';
import { describeFailure } from './describe-failure.ts';
import type { Stoppable } from './stoppable.ts';

interface Cast {
  readonly input: ChangeRuntimeInput;
  readonly admission: Extract<ChangeAdmission, { admitted: true }>;
  readonly journal: ChangeJournal;
  readonly attention: Attention;
  readonly stop: Stoppable;
}

/** Why a step is given up. `cancelled` only when somebody asked for it. */
interface GivingUp {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly outcome: 'failed' | 'errored';
  readonly cancelled: boolean;
}

/** Carries out the steps of one operation, each verified before the next, and takes back what does not work. */
export class StepRunner {
  private readonly plans = new Map<number, StepPlan>();
  private readonly done: number[] = [];
  private knownRevision: number;

  constructor(private readonly cast: Cast) {
    this.knownRevision = cast.admission.knownRevision;
  }

  /** Tries a step out; throws what makes it impossible. */
  async plan(index: number): Promise<StepPlan> {
    const step = this.step(index);
    const plan = await promises.planStep.executeWithOptions({ summary: `dry run: ${inWords(step)}` }, [step]);
    this.plans.set(index, plan);
    return plan;
  }

  /** Carries a step out until it is reached; answers how the operation ended when it was not. */
  async run(index: number): Promise<ChangeEnding | undefined> {
    const { journal, stop } = this.cast;
    journal.turnTo(index);
    const progress = { begun: false };
    try {
      await stop.run(() => this.carryOut(index, progress));
      this.done.push(index);
      return undefined;
    } catch (error) {
      const cancelled = stop.stopped();
      const failed = describeFailure(error);
      const why = { ...failed, reason: cancelled ? stop.reason() : failed.reason, cancelled };
      return CancellationScope.nonCancellable(() => this.giveUp(index, why, progress.begun));
    }
  }

  /** Of an intent: why the runtime is worse off than before it, if it is. */
  async worseThanBefore(): Promise<string | undefined> {
    const { intent } = this.cast.admission;
    if (!intent || this.done.length === 0) return undefined;
    const { tenantId, runtimeId, operationId } = this.cast.input;
    const { worse } = await changeRecords.compareWithBefore.executeWithOptions(
      { summary: 'is the runtime worse off than before?' },
      [{ tenantId, runtimeId, operationId }],
    );
    return worse;
  }

  /** Takes back every step that was done, the last first. */
  takeAllBack(reason: string): Promise<ChangeEnding> {
    const why: GivingUp = { code: 'verification_failed', reason, outcome: 'failed', cancelled: false };
    return CancellationScope.nonCancellable(async () => this.takeBack([...this.done].reverse(), why));
  }

  private async carryOut(index: number, progress: { begun: boolean }): Promise<void> {
    const { journal, admission } = this.cast;
    const plan = index === 0 ? this.plans.get(0) : await this.plan(index);
    if (!plan) throw new Error(`Step ${index} was not planned.`);
    const step = this.step(index);
    journal.mark(index, 'running');
    await journal.enter('applying', inWords(step));
    progress.begun = true;
    const begun = await promises.carryOutStep.executeWithOptions({ summary: inWords(step) }, [
      { step, base: plan.base },
    ]);
    await journal.enter('verifying', `${step.change.verb}: watching until it is true`);
    const seen = await this.awaited({ step, begun }, admission.stepTimeoutSeconds);
    await this.note(index, { step, begun, seen });
  }

  private async note(index: number, { step, begun, seen }: { step: Step; begun: Begun; seen: Observation }) {
    this.knownRevision = Math.max(this.knownRevision, begun.revision ?? 0);
    await this.cast.journal.stepDone(index, {
      message: seen.message,
      done: step.change,
      desired: step.desired,
      ...(begun.revision !== undefined && { revision: begun.revision }),
      ...(seen.result && { result: seen.result }),
    });
  }

  /** Waits until it is reached; throws when it has failed, or the time is up. */
  private async awaited(what: { step: Step; begun: Begun }, timeoutSeconds: number): Promise<Observation> {
    const grace = what.step.change.verb === 'stop' ? (what.step.change.timeoutSeconds ?? 0) : 0;
    const until = new Date(Date.now() + (timeoutSeconds + grace) * 1000).toISOString();
    const seen = await promises.awaitStep.executeWithOptions(
      { summary: `${inWords(what.step)}: reached by ${until}` },
      [{ ...what, until }],
    );
    if (seen.status === 'reached') return seen;
    throw notReached(seen, timeoutSeconds + grace);
  }

  private async giveUp(index: number, why: GivingUp, begun: boolean): Promise<ChangeEnding | undefined> {
    const { journal } = this.cast;
    journal.mark(index, 'failed', why.reason);
    if (begun && this.step(index).change.verb === 'delete') return this.insistOnDeleting(index, why);
    const { intent } = this.cast.admission;
    const others = intent ? [...this.done].reverse() : [];
    if (!begun && others.length === 0)
      return ended(why, { outcome: why.outcome, note: 'nothing was changed' });
    return this.takeBack(begun ? [index, ...others] : others, why);
  }

  /** What is half deleted cannot be brought back: a person says how to go on. */
  private async insistOnDeleting(index: number, why: GivingUp): Promise<ChangeEnding | undefined> {
    const { attention, journal } = this.cast;
    let { reason } = why;
    for (;;) {
      const answer = await attention.ask(`deleting has not ended: ${reason}`, DELETE_CHOICES);
      if (answer.resolution === 'abandon')
        return ended(why, { outcome: 'abandoned', note: 'left half deleted' });
      try {
        if (answer.resolution === 'retry') await this.carryOut(index, { begun: true });
        else await journal.stepDone(index, this.vouchedFor(index, answer.by.name));
        this.done.push(index);
        return undefined;
      } catch (error) {
        reason = describeFailure(error).reason;
      }
    }
  }

  private vouchedFor(index: number, by: string) {
    const { change, desired } = this.step(index);
    return { message: `${by} says that nothing of it is left`, done: change, desired };
  }

  private async takeBack(indexes: readonly number[], why: GivingUp): Promise<ChangeEnding> {
    const { journal } = this.cast;
    let created = false;
    for (const index of indexes) {
      journal.turnTo(index);
      await journal.enter('rolling_back', why.reason, { severity: 'warning' });
      const left = await this.undoUntilDecided(index, why);
      if (left) return left;
      created ||= this.step(index).before === null;
    }
    return created
      ? ended(why, { outcome: why.outcome, note: 'what was created was removed', leaves: 'nothing' })
      : ended(why, { outcome: 'rolled_back', note: 'what was before is back' });
  }

  /** Nothing when the step is taken back; how the operation ended when a person chose to leave it. */
  private async undoUntilDecided(index: number, why: GivingUp): Promise<ChangeEnding | undefined> {
    const { attention, journal } = this.cast;
    for (;;) {
      const failed = await this.undo(index);
      if (!failed) return undefined;
      const answer = await attention.ask(`${why.reason}; the way back failed: ${failed}`, CHOICES);
      if (answer.resolution !== 'retry') {
        const outcome = answer.resolution === 'accept' ? 'failed' : 'abandoned';
        return ended(why, { outcome, note: `${answer.by.name} chose to ${answer.resolution}: ${failed}` });
      }
      await journal.enter('rolling_back', `${answer.by.name} asked to go back again`, {
        severity: 'warning',
      });
    }
  }

  /** Answers why it could not be taken back, or nothing when it was. */
  private async undo(index: number): Promise<string | undefined> {
    const { admission } = this.cast;
    const step = this.step(index);
    try {
      const base = this.plans.get(index)?.base ?? {};
      const undoing = await promises.undoStep.executeWithOptions({ summary: `take back: ${inWords(step)}` }, [
        { step, base },
      ]);
      await this.awaited(undoing, admission.stepTimeoutSeconds);
      await this.noteUndone(index, undoing.begun);
      return undefined;
    } catch (error) {
      return describeFailure(error).reason;
    }
  }

  /** The records follow what the cluster is again. */
  private async noteUndone(index: number, { revision }: Begun): Promise<void> {
    const { change, before, desired } = this.step(index);
    this.knownRevision = Math.max(this.knownRevision, revision ?? 0);
    await this.cast.journal.undone(index, {
      message: `${change.verb} was taken back`,
      desired: before ?? desired,
      removed: before === null,
      ...(revision !== undefined && { revision }),
    });
  }

  private step(index: number): Step {
    const { admission, input } = this.cast;
    const { target, quota, steps } = admission;
    const found = steps[index];
    if (!found) throw new Error(`There is no step ${index}.`);
    const { change, before, desired } = found;
    const { operationId } = input;
    return { target, operationId, index, change, before, desired, knownRevision: this.knownRevision, quota };
  }
}

const DELETE_CHOICES =
  'retry: delete again; accept: nothing of it is left, count it as deleted; abandon: leave what is left';

const CHOICES =
  'retry: go back again; accept: the cluster is as it shall be, leave it; abandon: give up and leave it as it is';

function notReached({ status, message }: Observation, seconds: number): ApplicationFailure {
  const type: ErrorCode = status === 'failed' ? 'step_failed' : 'verification_failed';
  const words = status === 'failed' ? message : `not reached within ${seconds} s: ${message}`;
  return ApplicationFailure.create({ type, message: words, nonRetryable: true });
}

function ended(
  why: GivingUp,
  { outcome, note, leaves = 'previous' }: { outcome: Outcome; note: string; leaves?: ChangeEnding['leaves'] },
): ChangeEnding {
  const message = `${why.reason}; ${note}`;
  if (why.cancelled) return { outcome: 'cancelled', message, leaves, skipped: why.reason };
  return { outcome, message, error: { code: why.code, message: why.reason }, leaves, skipped: why.reason };
}

function inWords({ target, change, index }: Step): string {
  return `${index + 1}. ${change.verb} ${target.runtimeName}`;
}
