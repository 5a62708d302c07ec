import type { ReleaseOrder } from '../../adapters/releases.ts';
import { classify, readableTail } from '../../clients/helm/errors.ts';
import type { Release } from '../../clients/helm/storage.ts';
import type { ReleaseReport } from '../../domain/deployment.ts';
import type { Beat } from '../beating.ts';
import { failure, helmSaid, together } from '../failures.ts';
import { type Finding, judgeInstall } from './judge.ts';
import { ATTEMPT_LABEL, logFields, nameOf, OPERATION_LABEL, releaseOf } from './operation.ts';
import { chartInputOf, prepare, type RenderedPlans, render } from './rendering.ts';
import { changedOutside, readBackMismatch, reportOf } from './report.ts';
import { closeInterrupted, settle } from './settle.ts';
import type { ReleaseTools } from './tools.ts';

/** What shall be installed, above which revision, and as it was planned. */
export type InstallOrder = ReleaseOrder & { readonly baseRevision: number; readonly planDigest: string };

/** Installs or upgrades a release: adopts what an earlier attempt did, or does it. */
export async function installOrder(
  tools: ReleaseTools,
  order: InstallOrder,
  { plans, beat }: { readonly plans: RenderedPlans; readonly beat: Beat },
): Promise<ReleaseReport> {
  const [found, digest] = await together([
    settle(tools, order, history => judgeInstall(history, order), beat),
    plannedDigest(tools, order, { plans, beat }),
  ]);
  if (found.kind === 'done') {
    tools.log.info(
      { ...logFields(order), revision: found.release.revision },
      'release adopted: an earlier attempt had finished it',
    );
    return confirmed(order, found.release, digest);
  }
  refuse(order, found);
  if (found.kind === 'pending') await closeInterrupted(tools, order, found.release);
  return upgrade(tools, order, { digest, beat });
}

/** Digest of the manifest the plan promised; the same chart and values, or nothing is applied. */
async function plannedDigest(
  tools: ReleaseTools,
  order: InstallOrder,
  how: { readonly plans: RenderedPlans; readonly beat: Beat },
): Promise<string> {
  const prepared = await prepare(order);
  const known = how.plans.manifestDigest(order.planDigest, prepared);
  if (known !== undefined) return known;
  const rendering = await render(tools, prepared, how.beat);
  if (rendering.planDigest === order.planDigest) return rendering.manifestDigest;
  throw failure(
    'plan_changed',
    `${nameOf(order.target)} is not applied: it now renders to ${rendering.planDigest}, but ${order.planDigest} was planned and approved. The chart or the platform's settings changed in between.`,
    { nextStep: 'Deploy again, which plans anew.' },
  );
}

function refuse(order: InstallOrder, found: Finding): void {
  if (found.kind === 'outside') throw changedOutside(order, found.release);
  if (found.kind !== 'failed') return;
  const said = readableTail(found.release.description, order.masked ?? []);
  throw helmSaid(
    `Revision ${found.release.revision} of ${nameOf(order.target)} failed: ${said}.`,
    classify(said),
  );
}

async function upgrade(
  tools: ReleaseTools,
  order: InstallOrder,
  how: { readonly digest: string; readonly beat: Beat },
): Promise<ReleaseReport> {
  const labels = { [OPERATION_LABEL]: order.mark, [ATTEMPT_LABEL]: String(how.beat.attempt) };
  const call = tools.helm.upgradeInstall({ ...chartInputOf(order), labels }, how.beat);
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const found = judgeInstall(await tools.storage.history(releaseOf(order.target)), order);
  if (found.kind === 'done') {
    tools.log.info({ ...logFields(order), revision: found.release.revision }, 'release changed');
    return confirmed(order, found.release, how.digest);
  }
  if (found.kind === 'pending') {
    // Our child has ended, so nobody works on it any more: Helm died, or could not write how it ended.
    await closeInterrupted(tools, order, found.release);
    throw error ?? interrupted(order, found.release);
  }
  if (error === undefined)
    throw readBackMismatch(order, `Helm reported success, but the release storage shows ${inWords(found)}.`);
  refuse(order, found);
  throw error;
}

function confirmed(order: InstallOrder, release: Release, digest: string): ReleaseReport {
  if (release.manifestDigest === digest) return reportOf(release);
  throw readBackMismatch(
    order,
    `Revision ${release.revision} holds manifest ${release.manifestDigest}, but ${digest} was planned.`,
  );
}

function interrupted(order: InstallOrder, release: Release): Error {
  return failure(
    'helm_interrupted',
    `Helm reported success for ${nameOf(order.target)}, but revision ${release.revision} was still ${release.status}; it is closed as failed.`,
    { nextStep: 'The upgrade is repeated by itself.', retryable: true },
  );
}

function inWords(found: Finding): string {
  return found.kind === 'nothing'
    ? 'no new revision'
    : `revision ${found.release.revision} as ${found.release.status}`;
}
