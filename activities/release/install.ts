import { classify, readableTail } from '../../clients/helm/errors.ts';
import type { Release } from '../../clients/helm/storage.ts';
import type { ReleaseReport } from '../../domain/deployment.ts';
import { type Beat, beating } from '../beating.ts';
import { failure, helmSaid, together, translating } from '../failures.ts';
import type { ReleaseActivities, ReleaseDeps } from '../helm.ts';
import { type Finding, judgeInstall } from './judge.ts';
import { ATTEMPT_LABEL, logFields, nameOf, OPERATION_LABEL, releaseOf } from './operation.ts';
import { type Prepared, prepare, type RenderedPlans, render } from './rendering.ts';
import { changedOutside, readBackMismatch, reportOf } from './report.ts';
import { closeInterrupted, settle } from './settle.ts';

type InstallInput = Parameters<ReleaseActivities['installRelease']>[0];

interface Expected extends Prepared {
  readonly manifestDigest: string;
}

/** Makes the activity that installs or upgrades a release: it adopts what an earlier attempt did, or does it. */
export function installRelease(deps: ReleaseDeps, plans: RenderedPlans): ReleaseActivities['installRelease'] {
  return input =>
    beating(beat =>
      translating(async () => {
        const judge = (history: readonly Release[]) => judgeInstall(history, input);
        const [found, expected] = await together([
          settle(deps, input, judge, beat),
          expectPlanned(deps, input, { plans, beat }),
        ]);
        if (found.kind === 'done') {
          deps.log.info(
            { ...logFields(input), revision: found.release.revision },
            'release adopted: an earlier attempt had finished it',
          );
          return confirmed(input, found.release, expected);
        }
        refuse(input, found, expected);
        if (found.kind === 'pending') await closeInterrupted(deps, input, found.release);
        return upgrade(deps, input, { expected, beat });
      }),
    );
}

/** What the plan promised; the same chart and values, or nothing is applied. */
async function expectPlanned(
  deps: ReleaseDeps,
  input: InstallInput,
  how: { readonly plans: RenderedPlans; readonly beat: Beat },
): Promise<Expected> {
  const prepared = await prepare(deps, input);
  const known = how.plans.manifestDigest(input.planDigest, prepared);
  if (known !== undefined) return { ...prepared, manifestDigest: known };
  const rendering = await render(deps, input, prepared, how.beat);
  if (rendering.planDigest === input.planDigest)
    return { ...prepared, manifestDigest: rendering.manifestDigest };
  throw failure(
    'plan_changed',
    `${nameOf(input.target)} is not applied: it now renders to ${rendering.planDigest}, but ${input.planDigest} was planned and approved. The chart or the platform's settings changed in between.`,
    { nextStep: 'Deploy again, which plans anew.' },
  );
}

function refuse(input: InstallInput, found: Finding, expected: Expected): void {
  if (found.kind === 'outside') throw changedOutside(input, found.release);
  if (found.kind !== 'failed') return;
  const said = readableTail(found.release.description, expected.masked);
  throw helmSaid(
    `Revision ${found.release.revision} of ${nameOf(input.target)} failed: ${said}.`,
    classify(said),
  );
}

async function upgrade(
  deps: ReleaseDeps,
  input: InstallInput,
  how: { readonly expected: Expected; readonly beat: Beat },
): Promise<ReleaseReport> {
  const { expected, beat } = how;
  const labels = { [OPERATION_LABEL]: input.operationId, [ATTEMPT_LABEL]: String(beat.attempt) };
  const { values, masked } = expected;
  const call = deps.helm.upgradeInstall(
    { ...releaseOf(input.target), chart: deps.chart, values, masked, labels },
    beat,
  );
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const found = judgeInstall(await deps.storage.history(releaseOf(input.target)), input);
  if (found.kind === 'done') {
    deps.log.info({ ...logFields(input), revision: found.release.revision }, 'release changed');
    return confirmed(input, found.release, expected);
  }
  if (found.kind === 'pending') {
    // Our child has ended, so nobody works on it any more: Helm died, or could not write how it ended.
    await closeInterrupted(deps, input, found.release);
    throw error ?? interrupted(input, found.release);
  }
  if (error === undefined)
    throw readBackMismatch(input, `Helm reported success, but the release storage shows ${inWords(found)}.`);
  refuse(input, found, expected);
  throw error;
}

function confirmed(input: InstallInput, release: Release, expected: Expected): ReleaseReport {
  if (release.manifestDigest === expected.manifestDigest) return reportOf(release);
  throw readBackMismatch(
    input,
    `Revision ${release.revision} holds manifest ${release.manifestDigest}, but ${expected.manifestDigest} was planned.`,
  );
}

function interrupted(input: InstallInput, release: Release): Error {
  return failure(
    'helm_interrupted',
    `Helm reported success for ${nameOf(input.target)}, but revision ${release.revision} was still ${release.status}; it is closed as failed.`,
    { nextStep: 'The upgrade is repeated by itself.', retryable: true },
  );
}

function inWords(found: Finding): string {
  return found.kind === 'nothing'
    ? 'no new revision'
    : `revision ${found.release.revision} as ${found.release.status}`;
}
