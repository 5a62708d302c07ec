import { resourcesOf } from '../../domain/rules/sizes.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { VOLUME, VOLUME_PATH } from './kinds.ts';
import { gpuOf, placementOf } from './placement.ts';
import type { SandboxSettings } from './settings.ts';

/** How long a sandbox may take to end when it is stopped and nothing else is said. */
export const GRACE_SECONDS = 30;

/** The pod of a sandbox: nobody's root, no token of the cluster, within its limits, on the nodes it may be on. */
export function podSpec(spec: RuntimeSpec, settings: SandboxSettings): Readonly<Record<string, unknown>> {
  const { nodeSelector, tolerations } = placementOf(spec, settings);
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    ...(isStrong(spec) ? { runtimeClassName: settings.strongRuntimeClass } : {}),
    ...(Object.keys(nodeSelector).length > 0 ? { nodeSelector } : {}),
    ...(tolerations.length > 0 ? { tolerations } : {}),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 10_001,
      runAsGroup: 10_001,
      fsGroup: 10_001,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [container(spec, settings)],
    volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '1Gi' } }],
  };
}

/** Code in a sandbox is nobody's friend: strong unless basic was asked for. */
export function isStrong({ security }: RuntimeSpec): boolean {
  return (security?.isolation ?? 'strong') === 'strong';
}

function container(spec: RuntimeSpec, settings: SandboxSettings) {
  const { sandbox } = spec;
  const data = sandbox?.storage ? [{ name: VOLUME, mountPath: VOLUME_PATH }] : [];
  return {
    name: 'sandbox',
    image: sandbox?.image ?? settings.image,
    imagePullPolicy: 'IfNotPresent',
    ...(sandbox?.command ? { command: sandbox.command } : {}),
    ...(sandbox?.args ? { args: sandbox.args } : {}),
    ...(sandbox && sandbox.env.length > 0 ? { env: sandbox.env.map(variable) } : {}),
    resources: resources(spec),
    securityContext: {
      allowPrivilegeEscalation: false,
      privileged: false,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }, ...data],
  };
}

function resources(spec: RuntimeSpec) {
  const { cpu, memoryMiB } = resourcesOf('sandbox', spec);
  const amount = { cpu: `${Math.round(cpu * 1000)}m`, memory: `${memoryMiB}Mi` };
  const gpu = gpuOf(spec);
  return { requests: amount, limits: { ...amount, ...(gpu ? { 'nvidia.com/gpu': String(gpu.count) } : {}) } };
}

type Variable = NonNullable<RuntimeSpec['sandbox']>['env'][number];

function variable(given: Variable) {
  if (!('secret_ref' in given)) return { name: given.name, value: given.value };
  return {
    name: given.name,
    valueFrom: { secretKeyRef: { name: given.secret_ref.name, key: given.secret_ref.key } },
  };
}
