import { type Gpu, type Placement, type PlacementWish, wishOf } from '../../domain/rules/placement.ts';
import { resourcesOf } from '../../domain/rules/sizes.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { GPU_MODEL_LABEL, GPU_RESOURCE } from '../placement.ts';
import { VOLUME, VOLUME_PATH } from './kinds.ts';
import type { SandboxSettings } from './settings.ts';

/** How long a sandbox may take to end when it is stopped and nothing else is said. */
export const GRACE_SECONDS = 30;

/** What a sandbox asks of its place: code in it is nobody's friend, so it is strong unless basic was asked for. */
export function sandboxWish(spec: RuntimeSpec): PlacementWish {
  return wishOf(spec, { isolation: 'strong' });
}

/** The pod of a sandbox: nobody's root, no token of the cluster, within its limits, on the nodes it may be on. */
export function podSpec(
  spec: RuntimeSpec,
  { scheduling, runtimeClassName, gpu }: Placement,
  settings: SandboxSettings,
): Readonly<Record<string, unknown>> {
  const nodeSelector = { ...scheduling.nodeSelector, ...(gpu && { [GPU_MODEL_LABEL]: gpu.model }) };
  const { tolerations } = scheduling;
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    ...(runtimeClassName === null ? {} : { runtimeClassName }),
    ...(Object.keys(nodeSelector).length > 0 ? { nodeSelector } : {}),
    ...(tolerations.length > 0 ? { tolerations } : {}),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 10_001,
      runAsGroup: 10_001,
      fsGroup: 10_001,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [container(spec, gpu, settings)],
    volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '1Gi' } }],
  };
}

function container(spec: RuntimeSpec, gpu: Gpu | null, settings: SandboxSettings) {
  const { sandbox } = spec;
  const data = sandbox?.storage ? [{ name: VOLUME, mountPath: VOLUME_PATH }] : [];
  return {
    name: 'sandbox',
    image: sandbox?.image ?? settings.image,
    imagePullPolicy: 'IfNotPresent',
    ...(sandbox?.command ? { command: sandbox.command } : {}),
    ...(sandbox?.args ? { args: sandbox.args } : {}),
    ...(sandbox && sandbox.env.length > 0 ? { env: sandbox.env.map(variable) } : {}),
    resources: resources(spec, gpu),
    securityContext: {
      allowPrivilegeEscalation: false,
      privileged: false,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }, ...data],
  };
}

function resources(spec: RuntimeSpec, gpu: Gpu | null) {
  const { cpu, memoryMiB } = resourcesOf('sandbox', spec);
  const amount = { cpu: `${Math.round(cpu * 1000)}m`, memory: `${memoryMiB}Mi` };
  return { requests: amount, limits: { ...amount, ...(gpu ? { [GPU_RESOURCE]: String(gpu.count) } : {}) } };
}

type Variable = NonNullable<RuntimeSpec['sandbox']>['env'][number];

function variable(given: Variable) {
  if (!('secret_ref' in given)) return { name: given.name, value: given.value };
  return {
    name: given.name,
    valueFrom: { secretKeyRef: { name: given.secret_ref.name, key: given.secret_ref.key } },
  };
}
