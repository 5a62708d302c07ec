import { ApplicationFailure, CancellationScope, sleep } from '@temporalio/workflow';
import type { Comparison } from '../../activities/change-comparison.ts';
import type { Begun, Observation, StepPlan } from '../../domain/change.ts';
import type { AcceptedChange, ChangeRuntimeInput } from '../../domain/change-operation.ts';
import { steps as promises, records } from '../activity-options.ts';
import type { Attention } from './attention.ts';
import type { ChangeEnding, ChangeJournal } from './change-journal.ts';
import type { Act, Consent, Withheld } from './consent.ts';
import { describeFailure } from './describe-failure.ts';
import { ended, type GivingUp } from './giving-up.ts';
import { inWords, Steps } from './steps.ts';
import { type Stoppable, throwIfStopped } from './stoppable.ts';
import { WayBack } from './way-back.ts';

interface Cast {
  readonly input: ChangeRuntimeInput;
  readonly admission: AcceptedChange;
  readonly journal: ChangeJournal;
  readonly attention: Attention;
  readonly stop: Stoppable;
  readonly consent: Consent;
}

/** Carries out the steps of one operation, each verified before the next, and has taken back what does not work. */
export class StepRunner {
  private readonly steps: Steps;
  private readonly wayBack: WayBack;
  private readonly done: number[] = [];

  constructor(private readonly cast: Cast) {
    this.steps = new Steps(cast.input, cast.admission);
    this.wayBack = new WayBack({ ...cast, steps: this.steps });
  }

  /** Tries a step out; throws what makes it impossible. */
  async plan(index: number): Promise<void> {
    await this.steps.plan(index);
  }

  /** Asks people for their consent to all steps where policies want it; answers how it ended without. */
  async askPeople(): Promise<ChangeEnding | undefined> {
    const { admission, consent } = this.cast;
    return consent.ask(admission.policy, this.act(0));
  }

  /** Carries a step out until it is reached; answers how the operation ended when it was not. */
  async run(index: number): Promise<ChangeEnding | undefined> {
    const { journal, stop } = this.cast;
    journal.turnTo(index);
    const progress = { begun: false };
    try {
      const withheld = await stop.run(() => this.carryOut(index, progress));
      if (withheld) return this.withheld(index, withheld);
      this.done.push(index);
      return undefined;
    } catch (error) {
      const cancelled = stop.stopped();
      const failed = describeFailure(error);
      const why = { ...failed, reason: cancelled ? stop.reason() : failed.reason, cancelled };
      return CancellationScope.nonCancellable(() => this.giveUp(index, why, progress.begun));
    }
  }

  /**
   * Of an intent: watches the runtime for its soak. Answers how the operation ended when somebody stopped it or the
   * runtime is worse off than before, and every step that can be taken back was, the last first.
   */
  async keepWatch(): Promise<ChangeEnding | undefined> {
    const { intent } = this.cast.admission;
    if (!intent || this.revocable().length === 0) return undefined;
    const reason = (await this.stoppedWithin(intent.soakSeconds ?? 0)) ?? (await this.worse());
    if (!reason) return undefined;
    const cancelled = this.cast.stop.stopped();
    const why: GivingUp = { code: 'verification_failed', reason, outcome: 'failed', cancelled };
    return CancellationScope.nonCancellable(() => this.wayBack.take(this.revocable(), why));
  }

  /** Lets the time pass in which a change for the worse shows; answers who stopped it meanwhile. */
  private async stoppedWithin(seconds: number): Promise<string | undefined> {
    const { journal, stop } = this.cast;
    if (seconds === 0) return undefined;
    journal.soaks();
    await journal.enter('verifying', `watching for ${seconds} s whether it stays well`);
    try {
      await stop.run(() => sleep(seconds * 1000, { summary: `soak of ${seconds} s` }));
      return undefined;
    } catch (error) {
      if (!stop.stopped()) throw error;
      return stop.reason();
    }
  }

  /** In which way the runtime is worse off; when nobody can see that, a person decides instead of a guess. */
  private async worse(): Promise<string | undefined> {
    const { attention, journal } = this.cast;
    for (;;) {
      const { worse, unknown } = await this.comparedPatiently();
      if (!unknown) return worse;
      const answer = await attention.ask(`nobody can see whether it is worse off: ${unknown}`, BLIND_CHOICES);
      if (answer.resolution === 'accept') return undefined;
      if (answer.resolution === 'abandon') return `${answer.by.name} gave up on it: ${unknown}`;
      await journal.enter('verifying', `${answer.by.name} asked to look again`);
    }
  }

  /** An observer that starts again sees in a few seconds. */
  private comparedPatiently(): Promise<Comparison> {
    const { tenantId, runtimeId, operationId } = this.cast.input;
    const summary = 'is the runtime worse off than before?';
    return CancellationScope.nonCancellable(async () => {
      for (let looks = 1; ; looks += 1) {
        const compared = await records.compareWithBefore.executeWithOptions({ summary }, [
          { tenantId, runtimeId, operationId },
        ]);
        if (!compared.unknown || looks === LOOKS_BEFORE_ASKING) return compared;
        await sleep(SECONDS_BETWEEN_LOOKS * 1000, { summary: compared.unknown.slice(0, 190) });
      }
    });
  }

  /** What was done and can be taken back, the last first. A snapshot stays: it is worth most when all else failed. */
  private revocable(): number[] {
    return this.done.filter(index => this.steps.at(index).change.verb !== 'snapshot').reverse();
  }

  private async carryOut(index: number, progress: { begun: boolean }): Promise<Withheld | undefined> {
    const { journal, consent } = this.cast;
    if (index > 0) await this.steps.plan(index);
    throwIfStopped();
    const step = this.steps.at(index);
    journal.mark(index, 'running');
    const withheld = await consent.obtain(this.act(index));
    if (withheld) return withheld;
    throwIfStopped();
    progress.begun = true;
    const plan = this.planned(index);
    const begun = await promises.carryOutStep.executeWithOptions({ summary: inWords(step) }, [
      { step, base: plan.base },
    ]);
    this.steps.made(begun);
    const { revision } = begun;
    const notes = revision === undefined ? {} : { revision };
    await journal.enter('verifying', `${step.change.verb}: watching until it is true`, notes);
    await this.note(index, begun, await this.steps.reached({ step, begun }));
    return undefined;
  }

  private act(index: number): Act {
    const { target, steps } = this.cast.admission;
    const { requester, reason } = this.cast.input;
    const step = this.steps.at(index);
    return {
      index,
      message: () => inWords(step),
      propose: () => {
        const { summary, changes } = this.planned(index);
        return { target, requester, steps, plan: { summary, changes }, ...(reason && { reason }) };
      },
      lookAgain: async () => {
        await this.steps.plan(index);
        return undefined;
      },
    };
  }

  private planned(index: number): StepPlan {
    const plan = this.steps.planned(index);
    if (!plan) throw ApplicationFailure.nonRetryable(`Step ${index} was not planned.`);
    return plan;
  }

  /** Nothing of this step was begun; of an intent, what was done before it is taken back. */
  private withheld(index: number, withheld: Withheld): Promise<ChangeEnding | undefined> | ChangeEnding {
    const { journal, admission } = this.cast;
    const { message, outcome } = withheld;
    journal.mark(index, 'skipped', message);
    if (this.done.length === 0) return withheld;
    const others = admission.intent ? this.revocable() : [];
    const why: GivingUp = { code: 'policy_denied', reason: message, outcome: 'failed', cancelled: false };
    if (others.length > 0) return CancellationScope.nonCancellable(() => this.wayBack.take(others, why));
    return { ...withheld, message: `${message}; what was done before it stays`, outcome, skipped: message };
  }

  private async note(index: number, { revision }: Begun, seen: Observation): Promise<void> {
    const { change, desired } = this.steps.at(index);
    if (revision !== undefined) this.steps.carries(index);
    await this.cast.journal.stepDone(index, {
      message: seen.message,
      done: change,
      desired,
      ...(revision !== undefined && { revision }),
      ...(seen.result && { result: seen.result }),
    });
  }

  private async giveUp(index: number, why: GivingUp, begun: boolean): Promise<ChangeEnding | undefined> {
    const { journal, admission } = this.cast;
    journal.mark(index, why.cancelled && !begun ? 'skipped' : 'failed', why.reason);
    if (begun && this.steps.at(index).change.verb === 'delete') return this.insistOnDeleting(index, why);
    const others = admission.intent ? this.revocable() : [];
    if (begun || others.length > 0) return this.wayBack.take(begun ? [index, ...others] : others, why);
    const note = this.done.length > 0 ? 'what was done before it stays' : 'nothing was changed';
    return ended(why, { outcome: why.outcome, note });
  }

  /** What is half deleted cannot be brought back: a person says how to go on. */
  private async insistOnDeleting(index: number, why: GivingUp): Promise<ChangeEnding | undefined> {
    const { attention, journal } = this.cast;
    let { reason } = why;
    for (;;) {
      const answer = await attention.ask(`deleting has not ended: ${reason}`, DELETE_CHOICES);
      if (answer.resolution === 'abandon')
        return ended(
          { ...why, cancelled: false },
          { outcome: 'abandoned', note: `${answer.by.name} left it half deleted` },
        );
      try {
        const withheld =
          answer.resolution === 'retry' ? await this.carryOut(index, { begun: true }) : undefined;
        if (!withheld) {
          if (answer.resolution === 'accept')
            await journal.stepDone(index, this.vouchedFor(index, answer.by.name));
          this.done.push(index);
          return undefined;
        }
        reason = withheld.message;
      } catch (error) {
        reason = describeFailure(error).reason;
      }
    }
  }

  private vouchedFor(index: number, by: string) {
    const { change, desired } = this.steps.at(index);
    return { message: `${by} says that nothing of it is left`, done: change, desired };
  }
}

const LOOKS_BEFORE_ASKING = 7;
const SECONDS_BETWEEN_LOOKS = 5;

const BLIND_CHOICES = 'retry: look again; accept: I have seen that it is well; abandon: take all of it back';

const DELETE_CHOICES =
  'retry: delete again; accept: nothing of it is left, count it as deleted; abandon: leave what is left';
