import type { Step } from '../../domain/change.ts';
import { RUNTIME_LABEL } from '../../domain/rules/labels.ts';
import type { SandboxNetwork } from './settings.ts';

/**
 * Who reaches a sandbox and whom it reaches: private = pods of its namespace, internal = pods of the cluster;
 * restricted = DNS and what the installation allows.
 */
export function networkRules({ target, desired }: Step, network: SandboxNetwork) {
  const { exposure = 'private', egress_policy = 'restricted' } = desired.spec.networking ?? {};
  return {
    podSelector: { matchLabels: { [RUNTIME_LABEL]: target.runtimeId } },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ from: [exposure === 'internal' ? { namespaceSelector: {} } : { podSelector: {} }] }],
    egress: egress_policy === 'open' ? [{}] : restricted(network),
  };
}

function restricted({ dnsNamespaces, dnsCidrs, egressNamespaces, egressCidrs }: SandboxNetwork) {
  const dns = peers(dnsNamespaces, dnsCidrs);
  const allowed = peers(egressNamespaces, egressCidrs);
  const ports = ['UDP', 'TCP'].map(protocol => ({ port: 53, protocol }));
  return [...(dns.length > 0 ? [{ to: dns, ports }] : []), ...(allowed.length > 0 ? [{ to: allowed }] : [])];
}

function peers(namespaces: readonly string[], cidrs: readonly string[]) {
  const expression = { key: 'kubernetes.io/metadata.name', operator: 'In', values: namespaces };
  return [
    ...(namespaces.length > 0 ? [{ namespaceSelector: { matchExpressions: [expression] } }] : []),
    ...cidrs.map(cidr => ({ ipBlock: { cidr } })),
  ];
}
