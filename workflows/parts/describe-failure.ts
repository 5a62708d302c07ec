import { ActivityFailure, ApplicationFailure, rootCause, TimeoutFailure } from '@temporalio/workflow';
import { type ErrorCode, isErrorCode, outcomeOf } from '../../domain/rules/error-code.ts';

/** Code, words and kind of whatever an activity ended with. */
export function describeFailure(error: unknown): {
  code: ErrorCode;
  reason: string;
  outcome: 'failed' | 'errored';
} {
  const code = codeOf(error);
  return { code, reason: rootCause(error) ?? String(error), outcome: outcomeOf(code) };
}

function codeOf(error: unknown): ErrorCode {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof TimeoutFailure) return 'timed_out';
  if (cause instanceof ApplicationFailure && cause.type && isErrorCode(cause.type)) return cause.type;
  // Nobody classified it: Temporal names such a failure after the class of the error.
  return 'unknown';
}
