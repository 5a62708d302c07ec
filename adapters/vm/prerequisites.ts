import { fieldsOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Prerequisites } from '../adapter.ts';

const INSTALL =
  'kubectl apply -f https://github.com/kubevirt/kubevirt/releases/download/v1.9.0/kubevirt-operator.yaml ' +
  '&& kubectl apply -f https://github.com/kubevirt/kubevirt/releases/download/v1.9.0/kubevirt-cr.yaml';

const NEEDED = [
  'virtualmachines.kubevirt.io',
  'virtualmachineinstances.kubevirt.io',
  'virtualmachineinstancemigrations.kubevirt.io',
  'virtualmachineinstancetypes.instancetype.kubevirt.io',
  'virtualmachinesnapshots.snapshot.kubevirt.io',
  'virtualmachinerestores.snapshot.kubevirt.io',
];

/** Which of KubeVirt's kinds the cluster lacks. */
export async function missingKinds(kubernetes: KubernetesClient): Promise<Prerequisites> {
  const there = await Promise.all(NEEDED.map(name => hasKind(kubernetes, name)));
  const missing = NEEDED.filter((_, index) => there[index] === false);
  const limits = await limitsOf(kubernetes);
  return {
    limits,
    missing: missing.map(name => ({ what: `CustomResourceDefinition ${name}`, install: INSTALL })),
  };
}

/** A machine moves only where there is another node for it. */
async function limitsOf(kubernetes: KubernetesClient): Promise<NonNullable<Prerequisites['limits']>> {
  const nodes = await kubernetes.list({
    apiVersion: 'v1',
    kind: 'Node',
    labelSelector: 'kubevirt.io/schedulable=true',
  });
  const count = nodes.filter(node => fieldsOf(node['spec'])['unschedulable'] !== true).length;
  if (count > 1) return {};
  return {
    migrate: `only ${count} of the cluster’s nodes may run virtual machines (kubevirt.io/schedulable=true)`,
  };
}

/** Whether KubeVirt's data importer is installed, which imports an image into a disk that lasts. */
export function hasDataImporter(kubernetes: KubernetesClient): Promise<boolean> {
  return hasKind(kubernetes, 'datavolumes.cdi.kubevirt.io');
}

async function hasKind(kubernetes: KubernetesClient, name: string): Promise<boolean> {
  const definition = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name };
  return (await kubernetes.get(definition)) !== undefined;
}
