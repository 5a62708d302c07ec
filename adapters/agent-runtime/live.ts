import type { KubernetesObject, ObjectReference } from '../../clients/kubernetes/objects.ts';
import { fieldsOf, listOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import {
  factsOf,
  observeDeployment,
  observePod,
  observeReplicaSet,
} from '../../clients/kubernetes/workloads.ts';
import type { ReleaseTarget } from '../../domain/deployment.ts';
import type { WorkloadFacts } from '../../domain/health.ts';
import { RESTARTED_BY_ANNOTATION } from '../../domain/rules/labels.ts';
import { listOwn } from '../ownership.ts';

/** Names the Deployment of an agent. */
export function deploymentOf({ namespace, release }: ReleaseTarget): ObjectReference & { namespace: string } {
  return { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: release };
}

/** What is there of the agent now, read from the API server, and who restarted it last; nothing without a Deployment. */
export async function readAgent(
  kubernetes: Pick<KubernetesClient, 'get' | 'list'>,
  target: ReleaseTarget,
): Promise<{ readonly facts: WorkloadFacts; readonly restartedBy: string | undefined } | undefined> {
  // The Deployment first: what it has made is then in the lists.
  const live = await kubernetes.get(deploymentOf(target));
  if (live === undefined) return undefined;
  const observedAt = new Date().toISOString();
  const [replicaSets, pods] = await Promise.all([
    listOwn(kubernetes, { apiVersion: 'apps/v1', kind: 'ReplicaSet' }, target),
    listOwn(kubernetes, { apiVersion: 'v1', kind: 'Pod' }, target),
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
  const mark = fieldsOf(fieldsOf(fieldsOf(template)['metadata'])['annotations'])[RESTARTED_BY_ANNOTATION];
  return typeof mark === 'string' ? mark : undefined;
}

/** Who has the number of replicas for his own: field manager and way. */
export function ownersOfReplicas({ metadata }: KubernetesObject): readonly string[] {
  return listOf(metadata['managedFields'])
    .filter(entry => 'f:replicas' in fieldsOf(fieldsOf(entry['fieldsV1'])['f:spec']))
    .map(entry => `${String(entry['manager'])}/${String(entry['operation'])}`);
}
