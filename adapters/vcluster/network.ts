import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import type { RuntimeTarget } from '../../domain/change.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { MANAGED_BY, ownerLabels, SNAPSHOT_POD_APP } from './names.ts';

/**
 * Who may talk to the virtual cluster, and where to it may talk. Not the chart's own policies: those open the virtual
 * API server to every pod of the cluster, and policies can only be added to, so a private one could not be had.
 */
export function networkPolicies(
  target: RuntimeTarget,
  networking: RuntimeSpec['networking'],
  snapshotPort: number | undefined,
): readonly KubernetesObject[] {
  const { release } = target;
  const controlPlane = { podSelector: { matchLabels: { release } } };
  const workloads = { podSelector: { matchLabels: { [MANAGED_BY]: release } } };
  const hostApi = { ports: tcp(443, 6443, 8443, ...(snapshotPort === undefined ? [] : [snapshotPort])) };
  const callers = networking?.exposure === 'internal' ? { namespaceSelector: {} } : { podSelector: {} };
  const everywhere = networking?.egress_policy === 'open' ? [{}] : [];
  return [
    policy(target, `vc-cp-${release}`, {
      ...controlPlane,
      ingress: [
        { from: [controlPlane, snapshotPods(target), workloads] },
        { from: [callers], ports: tcp(8443) },
      ],
      egress: [DNS, hostApi, { to: [controlPlane, workloads] }],
    }),
    policy(target, `vc-work-${release}`, {
      ...workloads,
      ingress: [{ from: [controlPlane, workloads] }],
      egress: [DNS, { to: [controlPlane, workloads] }, ...everywhere],
    }),
    policy(target, `vc-snapshot-${release}`, {
      ...snapshotPods(target),
      ingress: [],
      egress: [DNS, hostApi, { to: [controlPlane] }],
    }),
  ];
}

const DNS = {
  to: [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    },
  ],
};

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
