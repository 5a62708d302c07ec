import { classify } from '../../clients/helm/errors.ts';
import type { Release } from '../../clients/helm/storage.ts';
import type { ReleaseReport } from '../../domain/deployment.ts';
import { type Beat, beating } from '../beating.ts';
import { failure, helmSaid, translating } from '../failures.ts';
import type { ReleaseActivities, ReleaseDeps } from '../helm.ts';
import { type Finding, judgeRollback } from './judge.ts';
import { logFields, nameOf, releaseOf } from './operation.ts';
import { changedOutside, readBackMismatch, reportOf } from './report.ts';
import { settle } from './settle.ts';

type RollbackInput = Parameters<ReleaseActivities['rollbackRelease']>[0];

/** Makes the activity that brings an earlier revision back: it adopts what an earlier attempt did, or does it. */
export function rollbackRelease(deps: ReleaseDeps): ReleaseActivities['rollbackRelease'] {
  return input =>
    beating(beat =>
      translating(async () => {
        let history: readonly Release[] = [];
        const judge = (read: readonly Release[]) => {
          history = read;
          return judgeRollback(read, input);
        };
        const found = await settle(deps, input, judge, beat);
        const wanted = wantedRevision(input, history);
        if (found.kind === 'done') {
          deps.log.info(
            { ...logFields(input), revision: found.release.revision },
            'rollback adopted: an earlier attempt had finished it',
          );
          return confirmed(input, found.release, wanted);
        }
        refuse(input, found);
        return goBack(deps, input, { wanted, beat });
      }),
    );
}

function wantedRevision(input: RollbackInput, history: readonly Release[]): Release {
  const wanted = history.find(release => release.revision === input.toRevision);
  if (wanted !== undefined) return wanted;
  throw failure(
    'release_not_found',
    `Revision ${input.toRevision} of ${nameOf(input.target)} is no longer in the release storage, so nothing can go back to it.`,
    {
      nextStep: 'Deploy the wanted version again; Helm keeps the last ten revisions.',
    },
  );
}

function refuse(input: RollbackInput, found: Finding): void {
  if (found.kind === 'outside') throw changedOutside(input, found.release);
  if (found.kind !== 'failed') return;
  const { revision, description } = found.release;
  throw helmSaid(
    `The rollback of ${nameOf(input.target)} to revision ${input.toRevision} failed as revision ${revision}: ${description}.`,
    classify(description),
  );
}

/** Helm accepts a rollback above a pending revision, so a dead one needs no repair first. */
async function goBack(
  deps: ReleaseDeps,
  input: RollbackInput,
  how: { readonly wanted: Release; readonly beat: Beat },
): Promise<ReleaseReport> {
  const { toRevision } = input;
  const error: unknown = await deps.helm.rollback({ ...releaseOf(input.target), toRevision }, how.beat).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const found = judgeRollback(await deps.storage.history(releaseOf(input.target)), input);
  if (found.kind === 'done') {
    deps.log.info(
      { ...logFields(input), revision: found.release.revision, toRevision },
      'release rolled back',
    );
    return confirmed(input, found.release, how.wanted);
  }
  if (error === undefined)
    throw readBackMismatch(
      input,
      'Helm reported success, but the release storage shows no finished rollback.',
    );
  refuse(input, found);
  throw error;
}

function confirmed(input: RollbackInput, release: Release, wanted: Release): ReleaseReport {
  if (release.manifestDigest === wanted.manifestDigest) return reportOf(release);
  throw readBackMismatch(
    input,
    `Revision ${release.revision} does not hold the manifest of revision ${wanted.revision}.`,
  );
}
