import { diffObjects, summarize } from '../../clients/kubernetes/diff.ts';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Begun, Observation, RuntimeTarget, Step, StepPlan } from '../../domain/change.ts';
import { markOf } from '../../domain/rules/marks.ts';
import type { Call } from '../adapter.ts';
import { listOwn } from '../ownership.ts';
import type { Tools } from './settings.ts';

/** What goes when the agent is deleted. */
export async function planRemoval({ kubernetes }: Tools, { target }: Step): Promise<StepPlan> {
  const previous = await remaining(kubernetes, target, MADE_BY_CHART);
  const changes = await diffObjects(kubernetes, { previous, next: [] });
  return { summary: summarize(changes), changes: [...changes], base: {} };
}

/** Uninstalls the release; of a create that is taken back only what that create made. */
export async function remove({ releases }: Tools, step: Step, { signal }: Call): Promise<Begun> {
  const onlyOwn = step.before === null;
  await releases.uninstall({ target: step.target, mark: markOf(step), onlyOwn }, signal);
  return { awaiting: { for: 'gone' } };
}

/** Reached when nothing bears the label of the runtime any more. */
export async function observeRemoval(
  { kubernetes, releases }: Tools,
  target: RuntimeTarget,
): Promise<Observation> {
  const left = await remaining(kubernetes, target, [...MADE_BY_CHART, ...MADE_BY_THESE]);
  if (left.length > 0) {
    const names = left.slice(0, 3).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    return { status: 'progressing', message: `${left.length} objects are left, e.g. ${names.join(', ')}` };
  }
  const release = await releases.read(target);
  if (release)
    return { status: 'progressing', message: `revision ${release.revision} of the release is left` };
  return { status: 'reached', message: 'nothing is left in the cluster' };
}

const MADE_BY_CHART = [
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'v1', kind: 'ServiceAccount' },
];
const MADE_BY_THESE = [
  { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  { apiVersion: 'v1', kind: 'Pod' },
];

async function remaining(
  kubernetes: Pick<KubernetesClient, 'list'>,
  target: RuntimeTarget,
  kinds: typeof MADE_BY_CHART,
): Promise<KubernetesObject[]> {
  const lists = await Promise.all(kinds.map(kind => listOwn(kubernetes, kind, target)));
  return lists.flat();
}
