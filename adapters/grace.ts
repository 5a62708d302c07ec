import type { Change } from '../domain/change.ts';

/**
 * How many seconds pods may take to end, where the stop says so. Never 0: at that the API server forgets a pod before
 * its containers have ended.
 */
export function graceOf(change: Change): number | undefined {
  if (change.verb !== 'stop') return undefined;
  if (change.force) return 1;
  return change.timeoutSeconds === undefined ? undefined : Math.max(1, change.timeoutSeconds);
}
