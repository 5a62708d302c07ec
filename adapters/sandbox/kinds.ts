import type { ObjectReference } from '../../clients/kubernetes/objects.ts';
import type { RuntimeTarget } from '../../domain/change.ts';

const EXTENSIONS = 'extensions.agents.x-k8s.io/v1beta1';

/** The kinds a sandbox is made of. */
export const KINDS = {
  sandbox: { apiVersion: 'agents.x-k8s.io/v1beta1', kind: 'Sandbox' },
  claim: { apiVersion: EXTENSIONS, kind: 'SandboxClaim' },
  template: { apiVersion: EXTENSIONS, kind: 'SandboxTemplate' },
  warmPool: { apiVersion: EXTENSIONS, kind: 'SandboxWarmPool' },
  networkPolicy: { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  pod: { apiVersion: 'v1', kind: 'Pod' },
  volumeClaim: { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
  configMap: { apiVersion: 'v1', kind: 'ConfigMap' },
  volumeSnapshot: { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot' },
} as const;

export type KindName = keyof typeof KINDS;

/** The runtime's own object of a kind: all of them bear the name of the release. */
export function ownReference(target: RuntimeTarget, kind: KindName): ObjectReference {
  return { ...KINDS[kind], namespace: target.namespace, name: target.release };
}

/** Its network policy; `default-deny` is a policy of the slot, and a runtime may be called that too. */
export function policyReference(target: RuntimeTarget): ObjectReference {
  return { ...ownReference(target, 'networkPolicy'), name: `${target.release}-sandbox` };
}

/** Name of the volume in the pod; its claim is called this, a hyphen and the name of the Sandbox. */
export const VOLUME = 'data';
export const VOLUME_PATH = '/data';

/** Annotations agent-sandbox writes: the pod of a Sandbox where it is named otherwise, and the template it came from. */
export const POD_NAME_ANNOTATION = 'agents.x-k8s.io/pod-name';
export const TEMPLATE_ANNOTATION = 'agents.x-k8s.io/sandbox-template-ref';

/** Annotations of ours on a Sandbox: the step that last replaced its pod, and the uid of the pod that had to go. */
export const REPLACED_BY_ANNOTATION = 'runtimeai.dev/replaced-by';
export const REPLACED_POD_ANNOTATION = 'runtimeai.dev/replaced-pod';
/** Annotation of ours on a claim, which has no operating mode itself: whether its sandbox shall run. */
export const POWER_ANNOTATION = 'runtimeai.dev/power';
