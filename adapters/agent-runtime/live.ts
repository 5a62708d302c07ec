import type { KubernetesObject, ObjectReference } from '../../clients/kubernetes/objects.ts';
import { fieldsOf, listOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import {
  factsOf,
  observeDeployment,
  observePod,
  observeReplicaSet,
} from '../../clients/kubernetes/workloads.ts';
import type { RuntimeTarget } from '../../domain/change.ts';
import type { WorkloadFacts } from '../../domain/health.ts';
import { RUNTIME_LABEL } from '../../domain/rules/labels.ts';

/** On the pods' template: the step that restarted them last. Not Helm's, so that every later change keeps it. */
export const RESTARTED_BY = 'runtimeai.dev/restarted-by';

/** Names the Deployment of an agent. */
export function deploymentOf({ namespace, release }: RuntimeTarget): ObjectReference & { namespace: string } {
  return { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: release };
}

/** The objects of a kind that belong to the runtime. */
export function objectsOf(
  kubernetes: Pick<KubernetesClient, 'list'>,
  { namespace, runtimeId }: RuntimeTarget,
  kind: { readonly apiVersion: string; readonly kind: string },
): Promise<readonly KubernetesObject[]> {
  return kubernetes.list({ ...kind, namespace, labelSelector: `${RUNTIME_LABEL}=${runtimeId}` });
}

/** What is there of the agent now, read from the API server, and who restarted it last; nothing without a Deployment. */
export async function readAgent(
  kubernetes: Pick<KubernetesClient, 'get' | 'list'>,
  target: RuntimeTarget,
): Promise<{ readonly facts: WorkloadFacts; readonly restartedBy: string | undefined } | undefined> {
  // The Deployment first: what it has made is then in the lists.
  const live = await kubernetes.get(deploymentOf(target));
  if (live === undefined) return undefined;
  const observedAt = new Date().toISOString();
  const [replicaSets, pods] = await Promise.all([
    objectsOf(kubernetes, target, { apiVersion: 'apps/v1', kind: 'ReplicaSet' }),
    objectsOf(kubernetes, target, { apiVersion: 'v1', kind: 'Pod' }),
  ]);
  const observed = {
    deployment: observeDeployment(live),
    replicaSets: replicaSets.map(observeReplicaSet),
    pods: pods.map(observePod),
  };
  return { facts: { ...factsOf(observed), observedAt }, restartedBy: restartedBy(live) };
}

/** The step whose restart the template carries. */
export function restartedBy(deployment: KubernetesObject): string | undefined {
  const template = fieldsOf(fieldsOf(deployment['spec'])['template']);
  const mark = fieldsOf(fieldsOf(fieldsOf(template)['metadata'])['annotations'])[RESTARTED_BY];
  return typeof mark === 'string' ? mark : undefined;
}

/** Who has the number of replicas for his own: field manager and way. */
export function ownersOfReplicas({ metadata }: KubernetesObject): readonly string[] {
  return listOf(metadata['managedFields'])
    .filter(entry => 'f:replicas' in fieldsOf(fieldsOf(entry['fieldsV1'])['f:spec']))
    .map(entry => `${String(entry['manager'])}/${String(entry['operation'])}`);
}
