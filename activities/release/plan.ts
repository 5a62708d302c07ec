import { violationsOf } from '../../clients/helm/manifest-rules.ts';
import {
  asHelmApplies,
  documentsOf,
  parseRendered,
  type RenderedObject,
} from '../../clients/helm/manifests.ts';
import type { Release } from '../../clients/helm/storage.ts';
import { summarize } from '../../clients/kubernetes/diff.ts';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import type { Plan, PlanReport } from '../../domain/deployment.ts';
import { beating } from '../beating.ts';
import { failure, together, translating } from '../failures.ts';
import type { ReleaseActivities, ReleaseDeps } from '../helm.ts';
import { hasMark } from './judge.ts';
import { logFields, nameOf, releaseOf } from './operation.ts';
import { type Prepared, prepare, type RenderedPlans, type Rendering, render } from './rendering.ts';

type PlanInput = Parameters<ReleaseActivities['planRelease']>[0];

/** Makes the activity that says what a deploy would change. */
export function planRelease(deps: ReleaseDeps, plans: RenderedPlans): ReleaseActivities['planRelease'] {
  return input =>
    beating(beat =>
      translating(async () => {
        const prepared = await prepare(deps, input);
        const [rendering, history] = await together([
          render(deps, input, prepared, beat),
          deps.storage.history(releaseOf(input.target)),
          deps.slots.ensureSlot(input),
        ]);
        refuseDangerous(input, rendering);
        plans.remember(prepared, rendering);
        const outside = outsideRevision(history, input);
        if (outside !== undefined) return changedOutside(rendering, history, outside);
        return compare(deps, input, { prepared, rendering, history });
      }),
    );
}

function refuseDangerous(input: PlanInput, rendering: Rendering): void {
  const objects = rendering.objects.map(({ object }) => object);
  const violations = violationsOf(objects, input.target.namespace);
  if (violations.length === 0) return;
  throw failure(
    'manifest_refused',
    `${nameOf(input.target)} is not deployed, nothing was changed: ${violations.join('; ')}.`,
    {
      nextStep: 'Remove this from the chart, then deploy again.',
    },
  );
}

function outsideRevision(history: readonly Release[], input: PlanInput): Release | undefined {
  return history
    .filter(release => release.revision > input.knownRevision && !hasMark(release, input.operationId))
    .at(-1);
}

// Somebody must decide first, and then everything is compared anew: a dry run now would be thrown away.
function changedOutside(rendering: Rendering, history: readonly Release[], outside: Release): PlanReport {
  const { revision, status, description, chart } = outside;
  return {
    digest: rendering.planDigest,
    summary: { create: 0, update: 0, unchanged: 0, remove: 0 },
    baseRevision: newestOf(history),
    changedOutside: {
      revision,
      description: `${status}, chart ${chart.name} ${chart.version}: ${description}`.slice(0, 500),
    },
  };
}

async function compare(
  deps: ReleaseDeps,
  input: PlanInput,
  found: { readonly prepared: Prepared; readonly rendering: Rendering; readonly history: readonly Release[] },
): Promise<PlanReport> {
  const { prepared, rendering, history } = found;
  const { target, deploymentId } = input;
  const changes = await deps.diff({
    previous: currentObjects(history, rendering, input),
    next: applied(rendering.objects, input),
  });
  const { name, version } = prepared.chart;
  const plan: Plan = {
    digest: rendering.planDigest,
    chart: { name, version },
    summary: summarize(changes),
    changes: [...changes],
  };
  await deps.storePlan({ tenantId: target.tenantId, deploymentId, plan });
  deps.log.info({ ...logFields(input), ...plan.summary }, 'release planned');
  return { digest: plan.digest, summary: plan.summary, baseRevision: newestOf(history) };
}

/**
 * Objects of the release as it is now, to find out which ones Helm will delete; documents that stay word for word are
 * left out, because parsing YAML costs more than anything else here.
 */
function currentObjects(
  history: readonly Release[],
  rendering: Rendering,
  input: PlanInput,
): readonly KubernetesObject[] {
  const current = history.findLast(release => release.status === 'deployed') ?? history.at(-1);
  if (current === undefined) return [];
  const staying = new Set(rendering.objects.map(({ text }) => text));
  const changing = documentsOf(current.manifest).filter(text => !staying.has(text));
  return applied(
    changing.flatMap(text => parseRendered(text, input.target.namespace)),
    input,
  );
}

function applied(objects: readonly RenderedObject[], input: PlanInput): readonly KubernetesObject[] {
  return objects
    .filter(({ isHook }) => !isHook)
    .map(({ object }) => asHelmApplies(object, releaseOf(input.target)));
}

function newestOf(history: readonly Release[]): number {
  return history.at(-1)?.revision ?? 0;
}
