import type { ReleaseStep } from '../../adapters/releases.ts';
import { classify } from '../../clients/helm/errors.ts';
import type { Release } from '../../clients/helm/storage.ts';
import type { ReleaseReport } from '../../domain/deployment.ts';
import type { Beat } from '../beating.ts';
import { failure, helmSaid } from '../failures.ts';
import { type Finding, judgeRollback } from './judge.ts';
import { logFields, nameOf, releaseOf } from './operation.ts';
import { changedOutside, readBackMismatch, reportOf } from './report.ts';
import { settle } from './settle.ts';
import type { ReleaseTools } from './tools.ts';

/** Which revision comes back; `aboveRevision` was the newest one when the way back began. */
export type RollbackOrder = ReleaseStep & { readonly toRevision: number; readonly aboveRevision: number };

interface HowToGoBack {
  readonly beat: Beat;
  /** Does what must be done before and after the change to the wanted revision. */
  readonly around?: (wanted: Release, change: () => Promise<ReleaseReport>) => Promise<ReleaseReport>;
}

/** Brings an earlier revision back: adopts what an earlier attempt did, or does it. */
export async function rollBack(
  tools: ReleaseTools,
  order: RollbackOrder,
  { beat, around = (_, change) => change() }: HowToGoBack,
): Promise<ReleaseReport> {
  let history: readonly Release[] = [];
  const judge = (read: readonly Release[]) => {
    history = read;
    return judgeRollback(read, order);
  };
  const found = await settle(tools, order, judge, beat);
  const wanted = wantedRevision(order, history);
  if (found.kind === 'done') {
    tools.log.info(
      { ...logFields(order), revision: found.release.revision },
      'rollback adopted: an earlier attempt had finished it',
    );
    return confirmed(order, found.release, wanted);
  }
  refuse(order, found);
  return around(wanted, () => goBack(tools, order, { wanted, beat }));
}

function wantedRevision(order: RollbackOrder, history: readonly Release[]): Release {
  const wanted = history.find(release => release.revision === order.toRevision);
  if (wanted !== undefined) return wanted;
  throw failure(
    'release_not_found',
    `Revision ${order.toRevision} of ${nameOf(order.target)} is no longer in the release storage, so nothing can go back to it.`,
    {
      nextStep: 'Deploy the wanted version again; Helm keeps the last ten revisions.',
    },
  );
}

function refuse(order: RollbackOrder, found: Finding): void {
  if (found.kind === 'outside') throw changedOutside(order, found.release);
  if (found.kind !== 'failed') return;
  const { revision, description } = found.release;
  throw helmSaid(
    `The rollback of ${nameOf(order.target)} to revision ${order.toRevision} failed as revision ${revision}: ${description}.`,
    classify(description),
  );
}

/** Helm accepts a rollback above a pending revision, so a dead one needs no repair first. */
async function goBack(
  tools: ReleaseTools,
  order: RollbackOrder,
  how: { readonly wanted: Release; readonly beat: Beat },
): Promise<ReleaseReport> {
  const { toRevision } = order;
  const error: unknown = await tools.helm.rollback({ ...releaseOf(order.target), toRevision }, how.beat).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const found = judgeRollback(await tools.storage.history(releaseOf(order.target)), order);
  if (found.kind === 'done') {
    tools.log.info(
      { ...logFields(order), revision: found.release.revision, toRevision },
      'release rolled back',
    );
    return confirmed(order, found.release, how.wanted);
  }
  if (error === undefined)
    throw readBackMismatch(
      order,
      'Helm reported success, but the release storage shows no finished rollback.',
    );
  refuse(order, found);
  throw error;
}

function confirmed(order: RollbackOrder, release: Release, wanted: Release): ReleaseReport {
  if (release.manifestDigest === wanted.manifestDigest) return reportOf(release);
  throw readBackMismatch(
    order,
    `Revision ${release.revision} does not hold the manifest of revision ${wanted.revision}.`,
  );
}
