import type { Outcome } from '../../domain/operation.ts';
import type { ErrorCode } from '../../domain/rules/error-code.ts';
import type { ChangeEnding } from './change-journal.ts';

/** Why an operation is given up, and what that is called when nothing can be put back. `cancelled` only when somebody asked for it. */
export interface GivingUp {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly outcome: 'failed' | 'errored';
  readonly cancelled: boolean;
}

interface Rest {
  readonly outcome: Outcome;
  readonly note: string;
  readonly leaves?: ChangeEnding['leaves'];
}

/** How a change ended that was given up and of which nothing half-done is left; what had not begun is skipped. */
export function ended(why: GivingUp, { outcome, note, leaves = 'previous' }: Rest): ChangeEnding {
  const message = `${why.reason}; ${note}`;
  if (why.cancelled) return { outcome: 'cancelled', message, leaves, skipped: why.reason };
  const error = { code: why.code, message: why.reason };
  return { outcome, message, error, leaves, skipped: why.reason };
}

/** How a change ended that a person chose to leave as it is, even if it was cancelled at first. */
export function leftByPerson(
  why: GivingUp,
  { outcome, note, failed }: Omit<Rest, 'leaves'> & { readonly failed: string },
): ChangeEnding {
  const error = { code: 'rollback_failed', message: failed } as const;
  return { outcome, message: `${why.reason}; ${note}`, error, leaves: 'previous', skipped: why.reason };
}
