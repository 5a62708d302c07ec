import { typeOf } from './cluster.ts';
import { has } from './fates.ts';
import { type Instance, ownedBy } from './objects.ts';

/** Its labels a migration's target pod has beside those of the instance. */
export const MIGRATION_LABEL = 'kubevirt.io/migrationJobUID';

interface Wish {
  readonly instance: Instance;
  readonly image: string;
  readonly migration?: {
    readonly uid: string;
    readonly from: string;
    readonly nodeSelector: Readonly<Record<string, string>>;
  };
}

/**
 * The pod around an instance, as far as scheduling, quota, labels and Pod Security go. Like KubeVirt's it sets no
 * seccomp profile, so a namespace that enforces `restricted` refuses it.
 */
export function launcherPod({ instance, image, migration }: Wish): { metadata: object; spec: object } {
  const { metadata, spec } = instance;
  return {
    metadata: {
      generateName: `virt-launcher-${metadata.name}-`,
      labels: {
        ...metadata.labels,
        'kubevirt.io': 'virt-launcher',
        'kubevirt.io/created-by': metadata.uid,
        'vm.kubevirt.io/name': metadata.name,
        ...(migration ? { [MIGRATION_LABEL]: migration.uid } : {}),
      },
      ownerReferences: [ownedBy(instance, ...typeOf('instance'))],
    },
    spec: {
      ...scheduling(spec.nodeSelector ?? {}, migration),
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
      securityContext: { runAsNonRoot: true, runAsUser: 107 },
      // A pod that cannot pull its image is not ready; the rest of the fate is told by the instance.
      containers: [
        container(instance, has('noSuchImage', image) ? `${image}-never-ready` : image || 'virt-launcher'),
      ],
    },
  };
}

function scheduling(nodeSelector: Readonly<Record<string, string>>, migration: Wish['migration']) {
  const elsewhere = { key: 'kubernetes.io/hostname', operator: 'NotIn', values: [migration?.from ?? ''] };
  const affinity = {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [elsewhere] }],
      },
    },
  };
  return {
    nodeSelector: { 'kubevirt.io/schedulable': 'true', ...migration?.nodeSelector, ...nodeSelector },
    tolerations: [{ key: 'runtimeai.dev/simulated', operator: 'Exists' }],
    ...(migration ? { affinity } : {}),
  };
}

/** Requests as KubeVirt makes them: the guest's memory, and a tenth of its CPUs. */
function container({ spec }: Instance, image: string) {
  const { cpu, memory } = spec.domain as { cpu?: { sockets?: number }; memory?: { guest?: string } };
  const devices = (spec.domain.devices.gpus ?? []).flatMap(({ deviceName }) => deviceName ?? []);
  const gpus = Object.fromEntries(
    [...new Set(devices)].map(name => [name, String(devices.filter(device => device === name).length)]),
  );
  return {
    name: 'compute',
    image,
    resources: {
      requests: { cpu: `${(cpu?.sockets ?? 1) * 100}m`, memory: memory?.guest ?? '64Mi', ...gpus },
      limits: gpus,
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
    },
  };
}
