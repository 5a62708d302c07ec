import { fieldsOf, type KubernetesObject, listOf, textOf } from '../kubernetes/objects.ts';

/**
 * The kinds a chart may make, all of them inside the namespace. Whatever is not named here is refused: a kind we do
 * not know may be cluster-wide, grant rights or intercept requests.
 */
const ALLOWED_KINDS: ReadonlySet<string> = new Set([
  'v1/ConfigMap',
  'v1/PersistentVolumeClaim',
  'v1/Service',
  'v1/ServiceAccount',
  'apps/v1/Deployment',
  'apps/v1/StatefulSet',
  'autoscaling/v2/HorizontalPodAutoscaler',
  'batch/v1/CronJob',
  'batch/v1/Job',
  'networking.k8s.io/v1/Ingress',
  'networking.k8s.io/v1/NetworkPolicy',
  'policy/v1/PodDisruptionBudget',
]);

export interface ManifestTerms {
  /** Where all its objects must lie. */
  readonly namespace: string;
  /** What a chart of the platform may make beside the kinds of every chart. */
  readonly allowedKinds?: readonly string[];
}

/** Everything in the rendered objects that a chart may not do, in words; empty when it is harmless. */
export function violationsOf(objects: readonly KubernetesObject[], terms: ManifestTerms): readonly string[] {
  return objects.flatMap(object =>
    [...kindViolations(object, terms), ...serviceViolations(object), ...podViolations(object)].map(
      violation => `${object.kind} ${object.metadata.name} ${violation}`,
    ),
  );
}

function kindViolations(object: KubernetesObject, { namespace, allowedKinds = [] }: ManifestTerms): string[] {
  const kind = `${object.apiVersion}/${object.kind}`;
  const elsewhere = object.metadata.namespace !== undefined && object.metadata.namespace !== namespace;
  return [
    ...(ALLOWED_KINDS.has(kind) || allowedKinds.includes(kind)
      ? []
      : [`is of a kind charts may not make (${kind})`]),
    ...(elsewhere ? [`lies in another namespace (${object.metadata.namespace})`] : []),
  ];
}

function serviceViolations(object: KubernetesObject): string[] {
  if (object.kind !== 'Service') return [];
  const spec = fieldsOf(object['spec']);
  return [
    ...(spec['externalIPs'] === undefined ? [] : ['claims external addresses (externalIPs)']),
    ...(textOf(spec['type']) === 'ExternalName' ? ['points out of the cluster (ExternalName)'] : []),
  ];
}

function podViolations(object: KubernetesObject): string[] {
  const pod = podSpecOf(object);
  const host = ['hostNetwork', 'hostPID', 'hostIPC'].filter(field => pod[field] === true);
  const paths = listOf(pod['volumes']).filter(volume => volume['hostPath'] !== undefined);
  const containers = ['initContainers', 'containers', 'ephemeralContainers'].flatMap(list =>
    listOf(pod[list]),
  );
  return [
    ...host.map(field => `shares the node's namespaces (${field})`),
    ...paths.map(volume => `mounts a path of the node (volume ${textOf(volume['name'])})`),
    ...containers.flatMap(containerViolations),
  ];
}

function containerViolations(container: Readonly<Record<string, unknown>>): string[] {
  const name = textOf(container['name']);
  const context = fieldsOf(container['securityContext']);
  const added = fieldsOf(context['capabilities'])['add'];
  const hostPort = listOf(container['ports']).some(port => Boolean(port['hostPort']));
  return [
    ...(context['privileged'] === true ? [`runs container ${name} privileged`] : []),
    ...(context['allowPrivilegeEscalation'] === true ? [`lets container ${name} gain privileges`] : []),
    ...(Array.isArray(added) && added.length > 0
      ? [`adds capabilities to container ${name} (${added.join(', ')})`]
      : []),
    ...(hostPort ? [`binds a port of the node in container ${name}`] : []),
  ];
}

function podSpecOf(object: KubernetesObject): Readonly<Record<string, unknown>> {
  const spec = fieldsOf(object['spec']);
  const workload = object.kind === 'CronJob' ? fieldsOf(fieldsOf(spec['jobTemplate'])['spec']) : spec;
  return fieldsOf(fieldsOf(workload['template'])['spec']);
}
