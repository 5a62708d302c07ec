import type { ReleaseOrder } from '../../adapters/releases.ts';
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
import type { Plan } from '../../domain/deployment.ts';
import type { Beat } from '../beating.ts';
import { failure, together } from '../failures.ts';
import { hasMark } from './judge.ts';
import { nameOf, releaseOf } from './operation.ts';
import { prepare, type RenderedPlans, type Rendering, render } from './rendering.ts';
import type { ReleaseTools } from './tools.ts';

/** What an order would change, or the revision somebody else made, about which somebody must decide first. */
export type PlannedOrder = {
  readonly plan: Plan;
  readonly history: readonly Release[];
  readonly outside?: Release;
};

interface HowToPlan {
  readonly plans: RenderedPlans;
  readonly beat: Beat;
  readonly knownRevision: number;
  /** Done while the chart is rendered, and before anything is compared, e.g. the namespace is made. */
  readonly meanwhile?: () => Promise<void>;
}

/** Renders the order and sends every object through a server-side dry run. Changes nothing of the release. */
export async function planOrder(
  tools: ReleaseTools,
  order: ReleaseOrder,
  how: HowToPlan,
): Promise<PlannedOrder> {
  const prepared = await prepare(order);
  const [rendering, history] = await together([
    render(tools, prepared, how.beat),
    tools.storage.history(releaseOf(order.target)),
    how.meanwhile?.() ?? Promise.resolve(),
  ]);
  refuseDangerous(order, rendering);
  how.plans.remember(prepared, rendering);
  const { name, version } = prepared.chart;
  const rendered = { digest: rendering.planDigest, chart: { name, version } };
  const outside = outsideRevision(history, order, how.knownRevision);
  // Everything is compared anew after the decision: a dry run now would be thrown away.
  if (outside !== undefined)
    return { plan: { ...rendered, summary: summarize([]), changes: [] }, history, outside };
  const changes = await tools.diff({
    previous: currentObjects(history, rendering, order),
    next: applied(rendering.objects, order),
  });
  return { plan: { ...rendered, summary: summarize(changes), changes: [...changes] }, history };
}

function refuseDangerous(order: ReleaseOrder, rendering: Rendering): void {
  const objects = rendering.objects.map(({ object }) => object);
  const violations = violationsOf(objects, {
    namespace: order.target.namespace,
    allowedKinds: order.allowedKinds ?? [],
  });
  if (violations.length === 0) return;
  throw failure(
    'manifest_refused',
    `${nameOf(order.target)} is not deployed, nothing was changed: ${violations.join('; ')}.`,
    {
      nextStep: 'Remove this from the chart, then deploy again.',
    },
  );
}

function outsideRevision(
  history: readonly Release[],
  { mark }: ReleaseOrder,
  knownRevision: number,
): Release | undefined {
  return history.filter(release => release.revision > knownRevision && !hasMark(release, mark)).at(-1);
}

/**
 * Objects of the release as it is now, to find out which ones Helm will delete; documents that stay word for word are
 * left out, because parsing YAML costs more than anything else here.
 */
function currentObjects(
  history: readonly Release[],
  rendering: Rendering,
  order: ReleaseOrder,
): readonly KubernetesObject[] {
  const current = history.findLast(release => release.status === 'deployed') ?? history.at(-1);
  if (current === undefined) return [];
  const staying = new Set(rendering.objects.map(({ text }) => text));
  const changing = documentsOf(current.manifest).filter(text => !staying.has(text));
  return applied(
    changing.flatMap(text => parseRendered(text, order.target.namespace)),
    order,
  );
}

function applied(objects: readonly RenderedObject[], { target }: ReleaseOrder): readonly KubernetesObject[] {
  return objects
    .filter(({ isHook }) => !isHook)
    .map(({ object }) => asHelmApplies(object, releaseOf(target)));
}
