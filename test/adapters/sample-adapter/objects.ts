import type { AdapterTools, KubernetesObject, Step } from '../../../adapters/tools.ts';

/** Settings of the sample, all optional. */
export interface Scheduling {
  readonly image?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly object[];
}

type Target = Step['target'];

/** The Deployment of a sandbox; what is stopped has no replicas, and everything else stays in it. */
export function deploymentOf(step: Step, scheduling: Scheduling): KubernetesObject {
  const { target, desired } = step;
  const labels = labelsOf(target);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      ...metadataOf(target, target.release),
      annotations: { 'runtimeai.dev/operation': step.operationId },
    },
    spec: {
      replicas: desired.power === 'stopped' ? 0 : (desired.spec.resources?.replicas ?? 1),
      selector: { matchLabels: { 'runtimeai.dev/runtime': target.runtimeId } },
      template: { metadata: { labels }, spec: podOf(desired.spec, scheduling) },
    },
  };
}

/** What the sandbox remembers; made empty, and never overwritten but by a restore. */
export function stateOf(target: Target): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadataOf(target, `${target.release}-state`) };
}

/** The copy of the state; its name is the mark by which a repeated step finds it. */
export function snapshotOf({ target, change }: Step): KubernetesObject {
  if (change.verb !== 'snapshot') throw new Error(`a ${change.verb} takes no snapshot`);
  const name = `${target.release}-${change.snapshot.id.replaceAll('_', '-')}`;
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadataOf(target, name) };
}

/** Makes the pods anew, once for each step: the mark is part of their template. */
export function wakeUpOf({ target, operationId, index }: Step): KubernetesObject {
  const annotations = { 'runtimeai.dev/restarted': `${operationId}.${index}` };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: target.release, namespace: target.namespace },
    spec: { template: { metadata: { annotations } } },
  };
}

/** Everything that is there of a runtime. */
export async function allOf(kubernetes: AdapterTools['kubernetes'], target: Target) {
  const labelSelector = `runtimeai.dev/runtime=${target.runtimeId}`;
  const { namespace } = target;
  const lists = await Promise.all([
    kubernetes.list({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, labelSelector }),
    kubernetes.list({ apiVersion: 'v1', kind: 'ConfigMap', namespace, labelSelector }),
    kubernetes.list({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', namespace, labelSelector }),
  ]);
  return lists.flat();
}

/** Name, place and labels of an object of this runtime. */
export function metadataOf(target: Target, name: string) {
  return { name, namespace: target.namespace, labels: labelsOf(target) };
}

function labelsOf({ labels, runtimeId, tenantId, project }: Target) {
  return {
    ...labels,
    'runtimeai.dev/runtime': runtimeId,
    'runtimeai.dev/tenant': tenantId,
    'runtimeai.dev/project': project,
  };
}

function podOf({ sandbox, resources }: Step['desired']['spec'], { image, ...scheduling }: Scheduling) {
  const size = { cpu: String(resources?.cpu ?? 0.1), memory: resources?.memory ?? '64Mi' };
  return {
    ...scheduling,
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'sandbox',
        image: sandbox?.image ?? image ?? 'registry.k8s.io/pause:3.10',
        resources: { requests: size, limits: size },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  };
}
