import { CancellationScope, CancelledFailure, setHandler } from '@temporalio/workflow';
import type { Stage } from '../../domain/operation.ts';
import { type CancelInput, cancelUpdate } from '../messages.ts';
import type { Journal } from './journal.ts';
import { refuse } from './refuse.ts';

/** Stages in which stopping still means something; on the way back there is nothing better to go to. */
const CANCELLABLE: ReadonlySet<Stage> = new Set([
  'checking_policy',
  'awaiting_approval',
  'preparing',
  'applying',
  'verifying',
]);

/**
 * Ends a story that was stopped while it waited for an activity: its answer may have come all the same, and what follows
 * must not begin.
 */
export function throwIfStopped(): void {
  if (CancellationScope.current().consideredCancelled)
    throw new CancelledFailure('the operation was stopped');
}

/** Runs the story in a scope that the Update `cancel` (or Temporal's own cancellation) ends. */
export class Stoppable {
  private readonly scope = new CancellationScope();
  private cancelled: CancelInput | undefined;

  /** `irrevocable`: why stopping means nothing any more although the stage would allow it. */
  constructor(
    private readonly journal: Journal,
    private readonly irrevocable: () => string | undefined = () => undefined,
  ) {
    setHandler(cancelUpdate, request => this.take(request), {
      validator: request => this.mustBePossible(request),
      description: 'Stop this operation; what was changed is put back',
    });
  }

  run<T>(story: () => Promise<T>): Promise<T> {
    return this.scope.run(story);
  }

  /** Whether it was stopped; what it then ended with, even an error, is the end of a cancelled operation. */
  stopped(): boolean {
    return this.scope.consideredCancelled;
  }

  /** Who stopped it, in words. */
  reason(): string {
    if (!this.cancelled) return 'cancelled in Temporal';
    return `cancelled by ${this.cancelled.by.name}${this.cancelled.reason ? `: ${this.cancelled.reason}` : ''}`;
  }

  private mustBePossible(request: CancelInput): void {
    if (request.operationId !== this.journal.state().operationId)
      throw refuse('another_operation', 'another operation runs on this runtime now');
    if (this.cancelled) throw refuse('cannot_cancel_now', 'the operation is already being cancelled');
    const irrevocable = this.irrevocable();
    if (irrevocable) throw refuse('cannot_cancel_now', irrevocable);
    if (!CANCELLABLE.has(this.journal.stage))
      throw refuse('cannot_cancel_now', `an operation that is ${this.journal.stage} cannot be cancelled`);
  }

  private async take(request: CancelInput): Promise<{ stage: Stage }> {
    this.cancelled = request;
    const { stage } = this.journal;
    const written = this.journal.intervened({
      by: request.by,
      intervention: 'cancel',
      message: this.reason(),
    });
    this.scope.cancel();
    await written;
    return { stage };
  }
}
