import { KubernetesError } from './errors.ts';
import type { KindReference, ObjectReference } from './objects.ts';

/** Plural of every kind we touch; asking the API server for it would cost a call each. A new kind is added here. */
const NAMESPACED: Readonly<Record<string, string>> = {
  'v1/ConfigMap': 'configmaps',
  'v1/Event': 'events',
  'v1/LimitRange': 'limitranges',
  'v1/PersistentVolumeClaim': 'persistentvolumeclaims',
  'v1/Pod': 'pods',
  'v1/ResourceQuota': 'resourcequotas',
  'v1/Secret': 'secrets',
  'v1/Service': 'services',
  'v1/ServiceAccount': 'serviceaccounts',
  'apps/v1/Deployment': 'deployments',
  'apps/v1/ReplicaSet': 'replicasets',
  'apps/v1/StatefulSet': 'statefulsets',
  'autoscaling/v2/HorizontalPodAutoscaler': 'horizontalpodautoscalers',
  'batch/v1/CronJob': 'cronjobs',
  'batch/v1/Job': 'jobs',
  'coordination.k8s.io/v1/Lease': 'leases',
  'networking.k8s.io/v1/Ingress': 'ingresses',
  'networking.k8s.io/v1/NetworkPolicy': 'networkpolicies',
  'policy/v1/PodDisruptionBudget': 'poddisruptionbudgets',
  'rbac.authorization.k8s.io/v1/Role': 'roles',
  'rbac.authorization.k8s.io/v1/RoleBinding': 'rolebindings',
};

const CLUSTER_WIDE: Readonly<Record<string, string>> = {
  'v1/Namespace': 'namespaces',
  'v1/Node': 'nodes',
  'v1/PersistentVolume': 'persistentvolumes',
  'rbac.authorization.k8s.io/v1/ClusterRole': 'clusterroles',
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': 'clusterrolebindings',
};

/** Path of all objects of a kind. */
export function pathOfKind(reference: KindReference): string {
  const { apiVersion, kind, namespace } = reference;
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const key = `${apiVersion}/${kind}`;
  const clusterWide = CLUSTER_WIDE[key];
  if (clusterWide !== undefined) return `${root}/${clusterWide}`;
  const plural = NAMESPACED[key];
  if (plural === undefined) throw unknownKind(key);
  return namespace === undefined
    ? `${root}/${plural}`
    : `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}

/** Path of one object. */
export function pathOfObject(reference: ObjectReference): string {
  const key = `${reference.apiVersion}/${reference.kind}`;
  if (key in NAMESPACED && reference.namespace === undefined)
    throw new KubernetesError(`${reference.kind} ${reference.name} names no namespace; give it one.`, {
      kind: 'invalid',
      retryable: false,
      reason: 'NamespaceMissing',
    });
  return `${pathOfKind(reference)}/${encodeURIComponent(reference.name)}`;
}

/** Whether objects of this kind live outside namespaces. */
export function isClusterWide(reference: KindReference): boolean {
  return `${reference.apiVersion}/${reference.kind}` in CLUSTER_WIDE;
}

function unknownKind(key: string): KubernetesError {
  return new KubernetesError(
    `${key} is no kind this program handles. Add its plural to clients/kubernetes/kinds.ts.`,
    {
      kind: 'invalid',
      retryable: false,
      reason: 'UnknownKind',
    },
  );
}
