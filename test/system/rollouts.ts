import { fieldsOf, listOf, textOf } from '../../clients/kubernetes/objects.ts';
import { eventually } from './eventually.ts';
import type { ReleaseKey } from './releases.ts';
import type { System } from './system.ts';

/** Waits until the cluster itself says that all pods of a release are new and ready, whatever RuntimeAI knows of it. */
export async function rolledOut(
  { kubernetes }: Pick<System, 'kubernetes'>,
  { namespace, release: name }: ReleaseKey,
): Promise<void> {
  await eventually({
    what: `${name} is rolled out`,
    read: () => kubernetes.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name }),
    until: deployment => {
      const { replicas: wanted } = fieldsOf(deployment?.['spec']);
      const { observedGeneration, updatedReplicas, readyReplicas, replicas } = fieldsOf(
        deployment?.['status'],
      );
      const isSeen = observedGeneration === deployment?.metadata.generation;
      return isSeen && [updatedReplicas, readyReplicas, replicas].every(count => count === wanted);
    },
  });
}

/** When the youngest of a runtime’s pods became ready, in milliseconds. */
export async function readySince(
  { kubernetes }: Pick<System, 'kubernetes'>,
  { namespace, runtimeId }: { namespace: string; runtimeId: string },
): Promise<number> {
  const labelSelector = `runtimeai.dev/runtime=${runtimeId}`;
  const pods = await kubernetes.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector });
  const times = pods
    .filter(pod => pod.metadata.deletionTimestamp === undefined)
    .flatMap(pod => listOf(fieldsOf(pod['status'])['conditions']))
    .filter(condition => condition['type'] === 'Ready')
    .map(condition => Date.parse(textOf(condition['lastTransitionTime'])));
  return Math.max(...times);
}
