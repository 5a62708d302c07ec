import { CancellationScope } from '@temporalio/workflow';
import type { Admission, DeployRuntimeInput, VerifiedRevision } from '../../domain/deployment.ts';
import type { Outcome, Resolution } from '../../domain/operation.ts';
import { cluster } from '../activity-options.ts';
import type { Attention } from './attention.ts';
import { describeFailure } from './describe-failure.ts';
import type { GivingUp } from './giving-up.ts';
import type { Ending, Journal } from './journal.ts';
import { verifyRollout } from './verify-rollout.ts';

/** What a running deploy knows of itself once it has been admitted and planned. */
export interface Deploy {
  readonly input: DeployRuntimeInput;
  readonly admission: Extract<Admission, { admitted: true }>;
  readonly baseRevision: number;
}

/**
 * The way back, from the moment something may have changed: keeps the evidence, then restores the last verified
 * revision, or removes a first install. It cannot be cancelled and is never itself rolled back: when it does not
 * succeed, or there is nothing verified to go back to, a person decides.
 */
export function putBack(
  deploy: Deploy,
  why: GivingUp,
  parts: { journal: Journal; attention: Attention },
): Promise<Ending> {
  return CancellationScope.nonCancellable(async () => {
    parts.journal.began('rolling_back', why.reason);
    const because = { ...why, reason: await witness(deploy, why) };
    await parts.journal.enter('rolling_back', because.reason, { severity: 'warning' });
    let made: number | undefined;
    let restored: number | undefined;
    for (;;) {
      const attempt = await tryToPutBack(deploy, because, made);
      if (attempt.done) return attempt.ending;
      made ??= attempt.made;
      restored = attempt.restored ?? restored;
      const answer = await parts.attention.ask(attempt.reason, CHOICES, made ? { revision: made } : {});
      if (answer.resolution !== 'retry') {
        const ending = leftAsItIs(answer.resolution, attempt.reason, answer.by.name);
        return { ...ending, ...whatIsLeft(made, restored) };
      }
      await parts.journal.enter('rolling_back', `${answer.by.name} asked to go back again`, {
        severity: 'warning',
      });
    }
  });
}

const CHOICES =
  'retry: go back again; accept: the cluster is as it shall be, leave it; abandon: give up and hold the runtime';

/** `made` is the revision this deploy made and `restored` the one its rollback made, as far as they are known. */
type Attempt =
  | { done: true; ending: Ending }
  | { done: false; reason: string; made?: number; restored?: number };

async function tryToPutBack(deploy: Deploy, why: GivingUp, madeBefore?: number): Promise<Attempt> {
  const { target, verified } = deploy.admission;
  try {
    const newest = await cluster.readRelease.executeWithOptions(
      { summary: `what did this operation leave in ${target.release}?` },
      [{ target, baseRevision: deploy.baseRevision }],
    );
    if (!newest) return { done: true, ending: nothingChanged(deploy, why) };
    const made = madeBefore ?? newest.revision;
    // A verified revision above the base went away with its release: by that number now goes something else.
    if (verified && verified.revision <= deploy.baseRevision)
      return await restore(deploy, { made, verified }, why);
    if (deploy.input.keepFailed) return { done: true, ending: kept(made, why) };
    if (deploy.baseRevision > 0) return { done: false, made, reason: nowhereToGo(deploy, why) };
    return { done: true, ending: await remove(deploy, made, why) };
  } catch (error) {
    const reason = `the way back failed: ${describeFailure(error).reason}`;
    return { done: false, reason, ...(madeBefore ? { made: madeBefore } : {}) };
  }
}

async function remove(deploy: Deploy, made: number, why: GivingUp): Promise<Ending> {
  const { target } = deploy.admission;
  await cluster.uninstallRelease.executeWithOptions(
    { summary: `remove ${target.release}: it never worked` },
    [{ target, operationId: deploy.input.operationId }],
  );
  const message = `${why.reason}; the first install was removed`;
  return { ...failure(why), revision: made, message, leaves: 'nothing' };
}

function nowhereToGo({ baseRevision }: Deploy, why: GivingUp): string {
  return `${why.reason}; revision ${baseRevision} was there before, but there is no verified revision to go back to`;
}

async function restore(
  deploy: Deploy,
  { made, verified }: { made: number; verified: VerifiedRevision },
  why: GivingUp,
): Promise<Attempt> {
  const { target } = deploy.admission;
  const release = await cluster.rollbackRelease.executeWithOptions(
    { summary: `${target.release}: back to revision ${verified.revision}, the last verified` },
    [
      {
        target,
        operationId: deploy.input.operationId,
        toRevision: verified.revision,
        aboveRevision: made,
      },
    ],
  );
  const report = await verifyRollout(
    { target, operationId: verified.operationId, soakSeconds: 0 },
    deploy.input.verification.timeout_seconds,
  );
  if (report.status !== 'healthy') {
    return {
      done: false,
      made,
      restored: release.revision,
      reason: `revision ${verified.revision} is back but not healthy: ${report.reason}`,
    };
  }
  const message = `${why.reason}; back on revision ${verified.revision} (${report.ready_pods} of ${report.total_pods} pods ready)`;
  const ending: Ending = {
    ...failure(why, 'rolled_back'),
    message,
    revision: made,
    restoredRevision: release.revision,
    leaves: 'previous',
  };
  return {
    done: true,
    ending: why.cancelled ? ending : { ...ending, hold: `rolled back: ${why.reason}`.slice(0, 500) },
  };
}

async function witness(deploy: Deploy, why: GivingUp): Promise<string> {
  if (why.cancelled) return why.reason;
  const { target } = deploy.admission;
  try {
    const evidence = await cluster.collectEvidence.executeWithOptions(
      { summary: 'keep events and logs before they are gone' },
      [{ target, deploymentId: deploy.input.deploymentId, reason: why.reason }],
    );
    return evidence.reason;
  } catch (error) {
    return `${why.reason} (evidence could not be collected: ${describeFailure(error).reason})`;
  }
}

function nothingChanged(deploy: Deploy, why: GivingUp): Ending {
  const leaves = deploy.baseRevision > 0 ? 'previous' : 'nothing';
  return { ...failure(why), message: `${why.reason}; nothing was changed`, leaves };
}

function kept(made: number, why: GivingUp): Ending {
  return {
    ...failure(why),
    revision: made,
    message: `${why.reason}; left in the cluster as asked (keep_failed)`,
    leaves: 'new',
  };
}

/** Both revisions are ours: unrecorded, the next plan would take them for somebody else's. */
function whatIsLeft(made: number | undefined, restored: number | undefined): Partial<Ending> {
  return {
    ...(made ? { revision: made } : {}),
    ...(restored ? { restoredRevision: restored, leaves: 'previous' } : {}),
  };
}

function leftAsItIs(resolution: Exclude<Resolution, 'retry'>, reason: string, by: string): Ending {
  const message = `${by} chose to ${resolution}: ${reason}`;
  const ending: Ending = {
    outcome: 'failed',
    message,
    error: { code: 'rollback_failed', message: reason },
    leaves: 'new',
  };
  return resolution === 'accept' ? ending : { ...ending, outcome: 'abandoned', hold: message.slice(0, 500) };
}

function failure(why: GivingUp, outcome: Outcome = why.outcome): Ending {
  if (why.cancelled) return { outcome: 'cancelled', message: why.reason, leaves: 'previous' };
  return { outcome, message: why.reason, error: { code: why.code, message: why.reason }, leaves: 'previous' };
}
