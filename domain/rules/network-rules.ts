import type { RestrictedEgress } from '../egress.ts';
import type { RuntimeSpec } from '../runtime.ts';
import { RUNTIME_LABEL } from './labels.ts';

type Networking = RuntimeSpec['networking'];

/** Where restricted egress leads when an installation says nothing: to the cluster’s DNS. */
export const DNS_ALONE: RestrictedEgress = {
  dnsNamespaces: ['kube-system'],
  dnsCidrs: [],
  namespaces: [],
  cidrs: [],
};

interface Networked {
  readonly runtimeId: string;
  readonly networking: Networking;
  readonly restrictedEgress: RestrictedEgress | undefined;
}

/** The spec of the NetworkPolicy around all pods of a runtime. */
export function policySpec({ runtimeId, networking, restrictedEgress = DNS_ALONE }: Networked) {
  return {
    podSelector: { matchLabels: { [RUNTIME_LABEL]: runtimeId } },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ from: [callersOf(networking)] }],
    egress: egressOf(networking, restrictedEgress),
  };
}

/** Who may call a runtime, as the peers of a NetworkPolicy: private = its namespace, internal = the whole cluster. */
export function callersOf(networking: Networking) {
  return networking?.exposure === 'internal' ? { namespaceSelector: {} } : { podSelector: {} };
}

/** Where a runtime may go, as the egress of a NetworkPolicy: restricted = DNS and what the installation allows. */
export function egressOf(networking: Networking, allowed: RestrictedEgress) {
  if (networking?.egress_policy === 'open') return [{}];
  const to = peersOf(allowed.namespaces, allowed.cidrs);
  return [...dnsRules(allowed), ...(to.length > 0 ? [{ to }] : [])];
}

/** The way to DNS alone. */
export function dnsRules({ dnsNamespaces, dnsCidrs }: RestrictedEgress) {
  const to = peersOf(dnsNamespaces, dnsCidrs);
  const ports = ['UDP', 'TCP'].map(protocol => ({ port: 53, protocol }));
  return to.length > 0 ? [{ to, ports }] : [];
}

function peersOf(namespaces: readonly string[], cidrs: readonly string[]) {
  const expression = { key: 'kubernetes.io/metadata.name', operator: 'In', values: namespaces };
  return [
    ...(namespaces.length > 0 ? [{ namespaceSelector: { matchExpressions: [expression] } }] : []),
    ...cidrs.map(cidr => ({ ipBlock: { cidr } })),
  ];
}
