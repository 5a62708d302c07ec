import type { ReleaseTarget } from '../deployment.ts';
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

/** What vcluster puts on every pod of a virtual cluster; whoever makes such a pod has no say in it. */
export const VCLUSTER_POD_LABEL = 'vcluster.loft.sh/managed-by';

/**
 * Selects pods by labels, but none from inside a virtual cluster: its users label them as they like, and would else get
 * for them what another runtime of the project may reach.
 */
export function podsWith(matchLabels: Readonly<Record<string, string>>) {
  return { matchLabels, matchExpressions: [{ key: VCLUSTER_POD_LABEL, operator: 'DoesNotExist' }] };
}

/** What decides where a runtime may go. */
export interface EgressTerms {
  readonly target: Pick<ReleaseTarget, 'egress'>;
  readonly networking: Networking;
  readonly restrictedEgress: RestrictedEgress | undefined;
}

/** The spec of the NetworkPolicy around all pods of a runtime. */
export function policySpec(terms: EgressTerms & { readonly target: Pick<ReleaseTarget, 'runtimeId'> }) {
  return {
    podSelector: podsWith({ [RUNTIME_LABEL]: terms.target.runtimeId }),
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ from: [callersOf(terms.networking)] }],
    egress: egressOf(terms),
  };
}

/** Who may call a runtime, as the peers of a NetworkPolicy: private = its namespace, internal = the whole cluster. */
export function callersOf(networking: Networking) {
  return networking?.exposure === 'internal' ? { namespaceSelector: {} } : { podSelector: {} };
}

/**
 * Where a runtime may go, as the egress of a NetworkPolicy. What policies allow it (`target.egress`) is DNS and that, also
 * when it asked to be open; without a policy about it, restricted is DNS and what the installation allows.
 */
export function egressOf({ target, networking, restrictedEgress = DNS_ALONE }: EgressTerms) {
  if (target.egress === undefined && networking?.egress_policy === 'open') return [{}];
  const { namespaces, cidrs } = target.egress ?? restrictedEgress;
  const to = peersOf(namespaces, cidrs);
  return [...dnsRules(restrictedEgress), ...(to.length > 0 ? [{ to }] : [])];
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
