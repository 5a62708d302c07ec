import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { RolloutQuestion } from '../../activities/rollout.ts';
import type { RolloutReport } from '../../domain/deployment.ts';
import { glancing, watching } from '../activity-options.ts';

/**
 * Watches a rollout until it is healthy for its soak or has failed, but not longer than the window. The clock is the
 * workflow's: it runs on while the observer is dead, and then the answer is `inconclusive`, never a guess.
 */
export async function verifyRollout(
  question: RolloutQuestion,
  timeoutSeconds: number,
): Promise<RolloutReport> {
  const windowSeconds = timeoutSeconds + question.soakSeconds;
  const summary = `${question.target.release}: healthy within ${timeoutSeconds} s, for ${question.soakSeconds} s`;
  const report = await firstWithin(windowSeconds, summary, () =>
    watching.awaitRollout.executeWithOptions({ summary }, [question]),
  );
  return report ?? atDeadline(question, windowSeconds);
}

/** The result of the work, or nothing when the time is up first; then the work is cancelled. */
async function firstWithin(
  seconds: number,
  summary: string,
  work: () => Promise<RolloutReport>,
): Promise<RolloutReport | undefined> {
  const scope = new CancellationScope();
  const working = scope.run(work);
  let settled = false;
  const settle = () => {
    settled = true;
  };
  // Both ways at once: a rejection after the deadline, or together with a cancellation, has nobody else to hear it.
  working.then(settle, settle);
  const inTime = await condition(() => settled, seconds * 1000, { summary: `deadline: ${summary}` });
  if (inTime) return working;
  scope.cancel();
  return undefined;
}

async function atDeadline(question: RolloutQuestion, windowSeconds: number): Promise<RolloutReport> {
  try {
    const last = await glancing.readRollout.executeWithOptions(
      { summary: 'the deadline has come: how is it now?' },
      [question],
    );
    if (last.status !== 'progressing') return last;
    return { ...last, status: 'failed', reason: `not healthy within ${windowSeconds} s: ${last.reason}` };
  } catch (error) {
    if (isCancellation(error)) throw error;
    return {
      status: 'inconclusive',
      reason: 'no observer answers: nobody knows how the pods are',
      ready_pods: 0,
      total_pods: 0,
    };
  }
}
