import type { Release } from '../../clients/helm/storage.ts';
import { awaitOrphan, type Beat } from '../beating.ts';
import type { ReleaseDeps } from '../helm.ts';
import { type Finding, INTERRUPTED } from './judge.ts';
import { logFields, type ReleaseOperation, releaseOf } from './operation.ts';

type Judge = (history: readonly Release[]) => Finding;

const LOOK_EVERY_MS = 500;

/**
 * Finds out what an operation left in the storage, once nobody works on it any more: a Helm process that outlived its
 * worker is awaited, and a revision still pending after that is returned as `pending`, its Helm dead.
 */
export async function settle(
  deps: ReleaseDeps,
  operation: ReleaseOperation,
  judge: Judge,
  beat: Beat,
): Promise<Finding> {
  const name = releaseOf(operation.target);
  const longest = deps.helm.longestCallSeconds;
  const began = Date.now();
  const orphan = await awaitOrphan(beat, longest);
  let finding = judge(await deps.storage.history(name));
  while (
    finding.kind === 'pending' &&
    orphan === 'unknown' &&
    Date.now() < deadline(finding.release, began, longest)
  ) {
    await beat.sleep(LOOK_EVERY_MS);
    finding = judge(await deps.storage.history(name));
  }
  return finding;
}

/** Closes a revision whose Helm is dead, so that Helm accepts the next upgrade. */
export async function closeInterrupted(
  deps: ReleaseDeps,
  operation: ReleaseOperation,
  release: Release,
): Promise<void> {
  await deps.storage.markFailed(release, `${INTERRUPTED} of ${operation.operationId}, as ${release.status}`);
  deps.log.warn(
    { ...logFields(operation), revision: release.revision, was: release.status },
    'revision of a dead helm closed',
  );
}

// The other machine's clock may be ahead of ours: never wait longer than one call can take.
function deadline(release: Release, began: number, longestSeconds: number): number {
  return Math.min(release.modifiedAt.getTime(), began) + longestSeconds * 1000;
}
