import type { Release } from '../../clients/helm/storage.ts';
import { beating } from '../beating.ts';
import { translating } from '../failures.ts';
import type { ReleaseActivities, ReleaseDeps } from '../helm.ts';
import { type Finding, hasMark, isPending } from './judge.ts';
import { logFields, releaseOf } from './operation.ts';
import { changedOutside, readBackMismatch } from './report.ts';
import { settle } from './settle.ts';

/** Makes the activity that removes a release this operation made; repeating it is harmless. */
export function uninstallRelease(deps: ReleaseDeps): ReleaseActivities['uninstallRelease'] {
  return input =>
    beating(beat =>
      translating(async () => {
        const found = await settle(deps, input, judge, beat);
        if (found.kind === 'nothing') return;
        if (!hasMark(found.release, input.operationId)) throw changedOutside(input, found.release);
        await deps.helm.uninstall(releaseOf(input.target), beat);
        const left = await deps.storage.history(releaseOf(input.target));
        if (left.length > 0)
          throw readBackMismatch(input, `Helm reported success, but ${left.length} revisions are left.`);
        deps.log.info(logFields(input), 'release removed');
      }),
    );
}

function judge(history: readonly Release[]): Finding {
  const release = history.at(-1);
  if (release === undefined) return { kind: 'nothing' };
  return { kind: isPending(release) ? 'pending' : 'done', release };
}
