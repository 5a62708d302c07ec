import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { RolloutQuestion } from '../../activities/rollout.ts';
import type { RolloutReport } from '../../domain/deployment.ts';
import { glancing, watching } from '../activity-options.ts';

/** How long after the end of the window the observer may take to say so, before it counts as dead. */
const GRACE_SECONDS = 2;

/**
 * Watches a rollout until it is healthy for its soak or has failed, but not longer than the window. The observer ends
 * its watch by itself; the workflow's own clock runs on while the observer is dead, and then the answer is
 * `inconclusive`, never a guess.
 */
export async function verifyRollout(
  question: RolloutQuestion,
  timeoutSeconds: number,
): Promise<RolloutReport> {
  const windowSeconds = timeoutSeconds + question.soakSeconds;
  const summary = `${question.target.release}: healthy within ${timeoutSeconds} s, for ${question.soakSeconds} s`;
  const until = new Date(Date.now() + windowSeconds * 1000).toISOString();
  const report = await firstWithin(windowSeconds + GRACE_SECONDS, summary, () =>
    watching.awaitRollout.executeWithOptions({ summary }, [{ ...question, until }]),
  );
  return atEnd(report ?? (await lastGlance(question)), windowSeconds);
}

function atEnd(report: RolloutReport, windowSeconds: number): RolloutReport {
  if (report.status !== 'progressing') return report;
  return { ...report, status: 'failed', reason: `not healthy within ${windowSeconds} s: ${report.reason}` };
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

async function lastGlance(question: RolloutQuestion): Promise<RolloutReport> {
  try {
    return await glancing.readRollout.executeWithOptions(
      { summary: 'the deadline has come: how is it now?' },
      [question],
    );
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
