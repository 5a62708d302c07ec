import { CancellationScope, condition, setHandler } from '@temporalio/workflow';
import { type ResolveInput, resolveUpdate } from '../messages.ts';
import type { Journal, StageNotes } from './journal.ts';
import { refuse } from './refuse.ts';

/** Parks the operation for a named human decision and keeps it open, however long that takes. */
export class Attention {
  private answer: ResolveInput | undefined;

  constructor(private readonly journal: Journal) {
    setHandler(resolveUpdate, answer => this.take(answer), {
      validator: answer => this.mustBeNeeded(answer),
      description: 'Retry, accept or abandon an operation that needs attention',
    });
  }

  /** Asks what to do; `choices` says in words what each resolution will do here. */
  async ask(reason: string, choices: string, notes: StageNotes = {}): Promise<ResolveInput> {
    this.answer = undefined;
    return CancellationScope.nonCancellable(async () => {
      await this.journal.enter('needs_attention', reason, {
        ...notes,
        severity: 'critical',
        waitsFor: choices,
      });
      await condition(() => this.answer !== undefined);
      return this.taken();
    });
  }

  private taken(): ResolveInput {
    if (!this.answer) throw refuse('does_not_need_attention', 'no resolution was given');
    return this.answer;
  }

  private mustBeNeeded(answer: ResolveInput): void {
    if (answer.operationId !== this.journal.state().operationId)
      throw refuse('another_operation', 'another operation runs on this runtime now');
    if (this.journal.stage !== 'needs_attention' || this.answer)
      throw refuse(
        'does_not_need_attention',
        `the operation is ${this.journal.stage} and needs no resolution`,
      );
  }

  private async take(answer: ResolveInput): Promise<{ stage: 'needs_attention' }> {
    const { by, resolution, comment } = answer;
    this.answer = answer;
    const message = `${by.name} chose to ${resolution}${comment ? `: ${comment}` : ''}`;
    await this.journal.intervened({ by, intervention: 'resolve', message });
    return { stage: 'needs_attention' };
  }
}
