import type { KubernetesObject, Step } from '../../../adapters/tools.ts';
import { metadataOf } from './objects.ts';

/**
 * Where the sandbox may go. What policies allow (`target.egress`) comes before what was asked for: DNS and that, and no
 * more. Without it `open` is open, and `restricted` is DNS alone.
 */
export function networkPolicyOf({ target, desired }: Step): KubernetesObject {
  const { runtimeId, release, egress } = target;
  const isOpen = egress === undefined && desired.spec.networking?.egress_policy === 'open';
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadataOf(target, release),
    spec: {
      podSelector: { matchLabels: { 'runtimeai.dev/runtime': runtimeId } },
      policyTypes: ['Egress'],
      egress: isOpen ? [{}] : [DNS, ...allowed(egress)],
    },
  };
}

const DNS = {
  to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }],
  ports: [
    { port: 53, protocol: 'UDP' },
    { port: 53, protocol: 'TCP' },
  ],
};

/** No rule at all for an empty list: an empty `to` would let everything out. */
function allowed(egress: Step['target']['egress']) {
  const namespaces = (egress?.namespaces ?? []).map(name => ({
    namespaceSelector: {
      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [name] }],
    },
  }));
  const to = [...namespaces, ...(egress?.cidrs ?? []).map(cidr => ({ ipBlock: { cidr } }))];
  return to.length > 0 ? [{ to }] : [];
}
