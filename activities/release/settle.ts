import type { ReleaseStep } from '../../adapters/releases.ts';
import type { Release } from '../../clients/helm/storage.ts';
import { awaitOrphan, type Beat } from '../beating.ts';
import { type Finding, INTERRUPTED } from './judge.ts';
import { logFields, releaseOf } from './operation.ts';
import type { ReleaseTools } from './tools.ts';

type Judge = (history: readonly Release[]) => Finding;

const LOOK_EVERY_MS = 500;

/**
 * Finds out what a step left in the storage, once nobody works on it any more: a Helm process that outlived its
 * worker is awaited, and a revision still pending after that is returned as `pending`, its Helm dead.
 */
export async function settle(
  tools: ReleaseTools,
  step: ReleaseStep,
  judge: Judge,
  beat: Beat,
): Promise<Finding> {
  const name = releaseOf(step.target);
  const longest = tools.helm.longestCallSeconds;
  const began = Date.now();
  const orphan = await awaitOrphan(beat, longest);
  let finding = judge(await tools.storage.history(name));
  while (
    finding.kind === 'pending' &&
    orphan === 'unknown' &&
    Date.now() < deadline(finding.release, began, longest)
  ) {
    await beat.sleep(LOOK_EVERY_MS);
    finding = judge(await tools.storage.history(name));
  }
  return finding;
}

/** Closes a revision whose Helm is dead, so that Helm accepts the next upgrade. */
export async function closeInterrupted(
  tools: ReleaseTools,
  step: ReleaseStep,
  release: Release,
): Promise<void> {
  await tools.storage.markFailed(release, `${INTERRUPTED} of ${step.mark}, as ${release.status}`);
  tools.log.warn(
    { ...logFields(step), revision: release.revision, was: release.status },
    'revision of a dead helm closed',
  );
}

// The other machine's clock may be ahead of ours: never wait longer than one call can take.
function deadline(release: Release, began: number, longestSeconds: number): number {
  return Math.min(release.modifiedAt.getTime(), began) + longestSeconds * 1000;
}
