import type { AdapterTools, Begun, KubernetesObject, Observation, Step } from '../../../adapters/tools.ts';
import { allOf } from './objects.ts';

type Kubernetes = AdapterTools['kubernetes'];

/** How far a step has come, by what is in the cluster now. */
export async function observe(kubernetes: Kubernetes, step: Step, { awaiting }: Begun): Promise<Observation> {
  const { namespace, release, runtimeId } = step.target;
  const labelSelector = `runtimeai.dev/runtime=${runtimeId}`;
  const listPods = () => kubernetes.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector });
  if (awaiting['gone'] === true) {
    const left = [...(await allOf(kubernetes, step.target)), ...(await listPods())].length;
    return left === 0 ? reached('nothing is left') : progressing(`${left} objects are left`);
  }
  const deployment = await kubernetes.get({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    namespace,
    name: release,
  });
  if (!deployment) return { status: 'failed', message: `Deployment ${release} is not there any more` };
  if (typeof awaiting['snapshot'] === 'string') return snapshotTaken(awaiting['snapshot']);
  const sets = await kubernetes.list({ apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace, labelSelector });
  // A controller that is behind reports what was before, so the counts mean something only when all have caught up.
  if (![deployment, ...sets].every(isSeen)) return progressing('the newest change has not been acted upon');
  const pods = await listPods();
  const { replicas = 1 } = fieldsOf(deployment, 'spec');
  const { updatedReplicas = 0, readyReplicas = 0 } = fieldsOf(deployment, 'status');
  const settled = [updatedReplicas, readyReplicas, pods.length].every(count => count === replicas);
  if (!settled)
    return progressing(`${readyReplicas} of ${replicas} pods are ready, ${pods.length} are there`);
  return reached(replicas === 0 ? 'stopped' : `${replicas} pods are ready`);
}

function snapshotTaken(configMap: string): Observation {
  const contents = [
    'the state the sandbox keeps in its ConfigMap',
    'nothing of its memory or its file system',
  ];
  return { ...reached('copied'), result: { snapshot: { ref: { configMap }, contents } } };
}

function isSeen(object: KubernetesObject): boolean {
  const { observedGeneration = 0 } = fieldsOf(object, 'status');
  return observedGeneration >= (object.metadata.generation ?? 0);
}

/** The numbers in one part of an object. */
function fieldsOf(object: KubernetesObject, part: 'spec' | 'status') {
  return (object[part] ?? {}) as Readonly<Record<string, number | undefined>>;
}

function reached(message: string): Observation {
  return { status: 'reached', message };
}

function progressing(message: string): Observation {
  return { status: 'progressing', message };
}
