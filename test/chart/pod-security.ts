import type { V1Container, V1PodSpec, V1Volume } from '@kubernetes/client-node';

type Rule = [name: string, holds: (pod: V1PodSpec, containers: V1Container[]) => boolean];

const VOLUME_KINDS = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted with what it takes over from baseline. */
const RULES: Rule[] = [
  ['host namespaces', pod => !pod.hostNetwork && !pod.hostPID && !pod.hostIPC],
  ['volume types', pod => (pod.volumes ?? []).every(isAllowedVolume)],
  ['sysctls', pod => (pod.securityContext?.sysctls ?? []).length === 0],
  ['non-root', pod => pod.securityContext?.runAsNonRoot === true],
  ['non-root containers', (_pod, all) => all.every(one => one.securityContext?.runAsNonRoot !== false)],
  ['user', pod => (pod.securityContext?.runAsUser ?? 0) > 0],
  ['user of containers', (_pod, all) => all.every(one => one.securityContext?.runAsUser !== 0)],
  ['seccomp', pod => pod.securityContext?.seccompProfile?.type === 'RuntimeDefault'],
  [
    'seccomp of containers',
    (_pod, all) => all.every(one => one.securityContext?.seccompProfile === undefined),
  ],
  ['escalation', (_pod, all) => all.every(one => one.securityContext?.allowPrivilegeEscalation === false)],
  ['privileged', (_pod, all) => all.every(one => one.securityContext?.privileged !== true)],
  ['capabilities', (_pod, all) => all.every(hasNoCapabilities)],
  [
    'host ports',
    (_pod, all) => all.every(one => (one.ports ?? []).every(port => port.hostPort === undefined)),
  ],
  ['probe hosts', (_pod, all) => all.every(probesOnlyItself)],
];

/** Names the rules of the Pod Security level `restricted` that a pod breaks. */
export function restrictedViolations(pod: V1PodSpec): string[] {
  const containers = [...(pod.initContainers ?? []), ...pod.containers];
  return RULES.filter(([, holds]) => !holds(pod, containers)).map(([name]) => name);
}

function isAllowedVolume(volume: V1Volume): boolean {
  return Object.keys(volume).every(key => key === 'name' || VOLUME_KINDS.includes(key));
}

function hasNoCapabilities(container: V1Container): boolean {
  const capabilities = container.securityContext?.capabilities;
  return capabilities?.drop?.includes('ALL') === true && (capabilities.add ?? []).length === 0;
}

function probesOnlyItself(container: V1Container): boolean {
  const probes = [container.livenessProbe, container.readinessProbe, container.startupProbe];
  return probes.every(probe => probe?.httpGet?.host === undefined);
}
