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
  'agents.x-k8s.io/v1beta1/Sandbox': 'sandboxes',
  'extensions.agents.x-k8s.io/v1beta1/SandboxClaim': 'sandboxclaims',
  'extensions.agents.x-k8s.io/v1beta1/SandboxTemplate': 'sandboxtemplates',
  'extensions.agents.x-k8s.io/v1beta1/SandboxWarmPool': 'sandboxwarmpools',
  'snapshot.storage.k8s.io/v1/VolumeSnapshot': 'volumesnapshots',
  'cdi.kubevirt.io/v1beta1/DataVolume': 'datavolumes',
  'instancetype.kubevirt.io/v1beta1/VirtualMachineInstancetype': 'virtualmachineinstancetypes',
  'kubevirt.io/v1/VirtualMachine': 'virtualmachines',
  'kubevirt.io/v1/VirtualMachineInstance': 'virtualmachineinstances',
  'kubevirt.io/v1/VirtualMachineInstanceMigration': 'virtualmachineinstancemigrations',
  'snapshot.kubevirt.io/v1beta1/VirtualMachineRestore': 'virtualmachinerestores',
  'snapshot.kubevirt.io/v1beta1/VirtualMachineSnapshot': 'virtualmachinesnapshots',
  'snapshot.kubevirt.io/v1beta1/VirtualMachineSnapshotContent': 'virtualmachinesnapshotcontents',
};

const CLUSTER_WIDE: Readonly<Record<string, string>> = {
  'v1/Namespace': 'namespaces',
  'v1/Node': 'nodes',
  'v1/PersistentVolume': 'persistentvolumes',
  'apiextensions.k8s.io/v1/CustomResourceDefinition': 'customresourcedefinitions',
  'node.k8s.io/v1/RuntimeClass': 'runtimeclasses',
  'rbac.authorization.k8s.io/v1/ClusterRole': 'clusterroles',
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': 'clusterrolebindings',
  'storage.k8s.io/v1/StorageClass': 'storageclasses',
};

/** A kind that came with an adapter from outside. */
export interface DeclaredKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** As in the path of its objects, e.g. `widgets`. */
  readonly plural: string;
  readonly clusterWide?: boolean;
}

/** Makes a kind known to this process; what is known already stays as it is. */
export function declareKind({ apiVersion, kind, plural, clusterWide = false }: DeclaredKind): void {
  const key = `${apiVersion}/${kind}`;
  if (!(key in NAMESPACED) && !(key in CLUSTER_WIDE)) DECLARED.set(key, { plural, clusterWide });
}

const DECLARED = new Map<string, { readonly plural: string; readonly clusterWide: boolean }>();

/** Path of all objects of a kind. */
export function pathOfKind(reference: KindReference): string {
  const { apiVersion, kind, namespace } = reference;
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const key = `${apiVersion}/${kind}`;
  const declared = DECLARED.get(key);
  const clusterWide = declared?.clusterWide ? declared.plural : CLUSTER_WIDE[key];
  if (clusterWide !== undefined) return `${root}/${clusterWide}`;
  const plural = declared?.plural ?? NAMESPACED[key];
  if (plural === undefined) throw unknownKind(key);
  return namespace === undefined
    ? `${root}/${plural}`
    : `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}

/** Path of one object. */
export function pathOfObject(reference: ObjectReference): string {
  if (isNamespaced(reference) && reference.namespace === undefined)
    throw new KubernetesError(`${reference.kind} ${reference.name} names no namespace; give it one.`, {
      kind: 'invalid',
      retryable: false,
      reason: 'NamespaceMissing',
    });
  return `${pathOfKind(reference)}/${encodeURIComponent(reference.name)}`;
}

/** Whether objects of this kind live outside namespaces. */
export function isClusterWide(reference: KindReference): boolean {
  const key = `${reference.apiVersion}/${reference.kind}`;
  return key in CLUSTER_WIDE || DECLARED.get(key)?.clusterWide === true;
}

function isNamespaced({ apiVersion, kind }: KindReference): boolean {
  const key = `${apiVersion}/${kind}`;
  return key in NAMESPACED || DECLARED.get(key)?.clusterWide === false;
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
