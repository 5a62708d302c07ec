import type { KubernetesObject } from '../clients/kubernetes/objects.ts';
import type { ReleaseTarget } from '../domain/deployment.ts';
import { PROJECT_LABEL, TENANT_LABEL } from '../domain/rules/labels.ts';
import type { PodSecurity } from '../domain/rules/slot.ts';
import type { SlotQuota } from '../domain/tenant.ts';

/** The namespace of a tenant's project: whose it is, and which pods may run there. */
export function slotNamespace(target: ReleaseTarget, podSecurity: PodSecurity): KubernetesObject {
  const levels = ['enforce', 'audit', 'warn'].flatMap(mode => [
    [`pod-security.kubernetes.io/${mode}`, podSecurity],
    [`pod-security.kubernetes.io/${mode}-version`, 'latest'],
  ]);
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: target.namespace, labels: { ...ownerLabels(target), ...Object.fromEntries(levels) } },
  };
}

/** What limits and shields a project, inside its namespace. */
export function slotObjects(target: ReleaseTarget, quota: SlotQuota): readonly KubernetesObject[] {
  const metadata = { name: 'slot', namespace: target.namespace, labels: ownerLabels(target) };
  return [
    { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard: hardLimits(quota) } },
    { apiVersion: 'v1', kind: 'LimitRange', metadata, spec: { limits: [CONTAINER_DEFAULTS] } },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { ...metadata, name: 'default-deny' },
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    },
  ];
}

/** No limits: a default limit below what a container requests would refuse its pod. */
const CONTAINER_DEFAULTS = { type: 'Container', defaultRequest: { cpu: '100m', memory: '128Mi' } };

/**
 * Admission holds the runtimes of a project to its quota. The cluster gets a quarter more (and at least one pod), for
 * the surge of an upgrade: with none to spare, a full project could never replace a pod.
 */
const SURGE_SHARE = 1.25;

function hardLimits(quota: SlotQuota): Readonly<Record<string, string>> {
  return {
    pods: String(Math.ceil(quota.pods * SURGE_SHARE)),
    'requests.cpu': `${Math.ceil(quota.cpu * SURGE_SHARE * 1000)}m`,
    'requests.memory': `${Math.ceil(quota.memoryMiB * SURGE_SHARE)}Mi`,
    'requests.storage': `${quota.storageGiB}Gi`,
  };
}

function ownerLabels(target: ReleaseTarget): Readonly<Record<string, string>> {
  return {
    [TENANT_LABEL]: target.tenantId,
    [PROJECT_LABEL]: target.project,
    'app.kubernetes.io/managed-by': 'runtimeai',
  };
}
