import { fieldsOf } from '../../clients/kubernetes/objects.ts';
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
