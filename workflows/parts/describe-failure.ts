import { ActivityFailure, ApplicationFailure, rootCause, TimeoutFailure } from '@temporalio/workflow';

/** Failure types that say the world could not be reached or a part broke, rather than that the request was no good. */
const ERRORED: ReadonlySet<string> = new Set(['ClusterUnreachable', 'Timeout', 'Unknown']);

/** Code, words and kind of whatever an activity ended with. */
export function describeFailure(error: unknown): {
  code: string;
  reason: string;
  outcome: 'failed' | 'errored';
} {
  const code = codeOf(error);
  return {
    code,
    reason: rootCause(error) ?? String(error),
    outcome: ERRORED.has(code) ? 'errored' : 'failed',
  };
}

function codeOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof TimeoutFailure) return 'Timeout';
  // Temporal names an error that no activity has classified after its class.
  if (cause instanceof ApplicationFailure && cause.type && !cause.type.endsWith('Error')) return cause.type;
  return 'Unknown';
}
