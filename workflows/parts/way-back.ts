import { steps as promises } from '../activity-options.ts';
import type { Attention } from './attention.ts';
import type { ChangeEnding, ChangeJournal } from './change-journal.ts';
import { describeFailure } from './describe-failure.ts';
import { ended, type GivingUp, leftByPerson } from './giving-up.ts';
import { inWords, type Steps } from './steps.ts';

interface Cast {
  readonly steps: Steps;
  readonly journal: ChangeJournal;
  readonly attention: Attention;
}

/**
 * Takes steps back, in the order given, and awaits each. It is not cancelled and never itself taken back: where it does
 * not succeed a person decides.
 */
export class WayBack {
  constructor(private readonly cast: Cast) {}

  async take(indexes: readonly number[], why: GivingUp): Promise<ChangeEnding> {
    const { journal, steps } = this.cast;
    let created = false;
    for (const index of indexes) {
      journal.turnTo(index);
      await journal.enter('rolling_back', why.reason, { severity: 'warning' });
      const left = await this.untilDecided(index, why);
      if (left) return left;
      created ||= steps.at(index).before === null;
    }
    return created
      ? ended(why, { outcome: why.outcome, note: 'what was created was removed', leaves: 'nothing' })
      : ended(why, { outcome: 'rolled_back', note: 'what was before is back' });
  }

  /** Nothing when the step is taken back; how the operation ended when a person chose to leave it. */
  private async untilDecided(index: number, why: GivingUp): Promise<ChangeEnding | undefined> {
    const { attention, journal, steps } = this.cast;
    for (;;) {
      const failed = await this.undo(index);
      if (!failed) return undefined;
      const notes = steps.knownRevision > 0 ? { revision: steps.knownRevision } : {};
      const answer = await attention.ask(`${why.reason}; the way back failed: ${failed}`, CHOICES, notes);
      if (answer.resolution !== 'retry') {
        const outcome = answer.resolution === 'accept' ? 'failed' : 'abandoned';
        const note = `${answer.by.name} chose to ${answer.resolution}: ${failed}`;
        return leftByPerson(why, { outcome, note, failed });
      }
      await journal.enter('rolling_back', `${answer.by.name} asked to go back again`, {
        severity: 'warning',
      });
    }
  }

  /** Answers why it could not be taken back, or nothing when it was. */
  private async undo(index: number): Promise<string | undefined> {
    const { steps } = this.cast;
    const step = steps.at(index);
    try {
      const base = steps.planned(index)?.base ?? {};
      const undoing = await promises.undoStep.executeWithOptions({ summary: `take back: ${inWords(step)}` }, [
        { step, base },
      ]);
      steps.made(undoing.begun);
      await steps.reached(undoing);
      await this.note(index, undoing.begun.revision);
      return undefined;
    } catch (error) {
      return describeFailure(error).reason;
    }
  }

  /** The records follow what the cluster is again. */
  private note(index: number, revision: number | undefined): Promise<void> {
    const { journal, steps } = this.cast;
    const { change, before, desired } = steps.at(index);
    const mark = steps.markBefore(index);
    return journal.undone(index, {
      message: `${change.verb} was taken back`,
      desired: before ?? desired,
      removed: before === null,
      ...(revision !== undefined && { revision }),
      ...(mark !== undefined && { mark }),
    });
  }
}

const CHOICES =
  'retry: go back again; accept: the cluster is as it shall be, leave it; abandon: give up and leave it as it is';
