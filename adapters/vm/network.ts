import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import type { Step } from '../../domain/change.ts';
import { RUNTIME_LABEL } from '../../domain/rules/labels.ts';
import { KINDS } from './kinds.ts';
import { metadataOf } from './metadata.ts';
import type { VmSettings } from './settings.ts';

/**
 * Who reaches a machine and whom it reaches. It holds for the pod around the machine, and by masquerade for the guest:
 * private = pods of its namespace, internal = pods of the cluster; restricted = DNS and what the installation allows.
 */
export function networkPolicy(step: Step, { network }: VmSettings): KubernetesObject {
  const { exposure = 'private', egress_policy = 'restricted' } = step.desired.spec.networking ?? {};
  return {
    ...KINDS.networkPolicy,
    metadata: { ...metadataOf(step), name: step.target.release },
    spec: {
      podSelector: { matchLabels: { [RUNTIME_LABEL]: step.target.runtimeId } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [exposure === 'internal' ? { namespaceSelector: {} } : { podSelector: {} }] }],
      egress: egress_policy === 'open' ? [{}] : restricted(network),
    },
  };
}

function restricted({ dnsNamespaces, egressCidrs }: VmSettings['network']) {
  const expression = { key: 'kubernetes.io/metadata.name', operator: 'In', values: dnsNamespaces };
  const dns = {
    to: [{ namespaceSelector: { matchExpressions: [expression] } }],
    ports: ['UDP', 'TCP'].map(protocol => ({ port: 53, protocol })),
  };
  const allowed = { to: egressCidrs.map(cidr => ({ ipBlock: { cidr } })) };
  return [...(dnsNamespaces.length === 0 ? [] : [dns]), ...(egressCidrs.length === 0 ? [] : [allowed])];
}
