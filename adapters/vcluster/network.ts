import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import type { RuntimeTarget } from '../../domain/change.ts';
import type { RestrictedEgress } from '../../domain/egress.ts';
import { callersOf, DNS_ALONE, dnsRules, egressOf, podsWith } from '../../domain/rules/network-rules.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { ownerLabels } from '../ownership.ts';
import { MANAGED_BY, SNAPSHOT_POD_APP } from './names.ts';

interface Ways {
  /** Of the storage of snapshots, where it is an unusual one. */
  readonly snapshotPort: number | undefined;
  readonly restrictedEgress: RestrictedEgress | undefined;
}

/**
 * Who may talk to the virtual cluster, and where to it may talk. Not the chart's own policies: those open the virtual
 * API server to every pod of the cluster, and policies can only be added to, so a private one could not be had.
 */
export function networkPolicies(
  target: RuntimeTarget,
  networking: RuntimeSpec['networking'],
  { snapshotPort, restrictedEgress }: Ways,
): readonly KubernetesObject[] {
  const { release } = target;
  // The release alone would be a label that the user of another runtime can choose.
  const controlPlane = { podSelector: podsWith({ release, ...ownerLabels(target) }) };
  const workloads = { podSelector: { matchLabels: { [MANAGED_BY]: release } } };
  const hostApi = { ports: tcp(443, 6443, 8443, ...(snapshotPort === undefined ? [] : [snapshotPort])) };
  const dns = dnsRules(restrictedEgress ?? DNS_ALONE);
  return [
    policy(target, `vc-cp-${release}`, {
      ...controlPlane,
      ingress: [
        { from: [controlPlane, snapshotPods(target), workloads] },
        { from: [callersOf(networking)], ports: tcp(8443) },
      ],
      egress: [...dns, hostApi, { to: [controlPlane, workloads] }],
    }),
    policy(target, `vc-work-${release}`, {
      ...workloads,
      ingress: [{ from: [controlPlane, workloads] }],
      egress: [{ to: [controlPlane, workloads] }, ...egressOf({ target, networking, restrictedEgress })],
    }),
    policy(target, `vc-snapshot-${release}`, {
      ...snapshotPods(target),
      ingress: [],
      egress: [...dns, hostApi, { to: [controlPlane] }],
    }),
  ];
}

function snapshotPods(target: RuntimeTarget) {
  return { podSelector: { matchLabels: { app: SNAPSHOT_POD_APP, ...ownerLabels(target) } } };
}

function tcp(...ports: readonly number[]) {
  return [...new Set(ports)].map(port => ({ port, protocol: 'TCP' }));
}

function policy(target: RuntimeTarget, name: string, spec: object): KubernetesObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: target.namespace, labels: ownerLabels(target) },
    spec: { ...spec, policyTypes: ['Ingress', 'Egress'] },
  };
}
