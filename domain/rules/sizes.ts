import type { ResourceProfile, RuntimeType, Size } from '../runtime.ts';
import { memoryMiBOf } from './quota.ts';

/** What one replica of a runtime gets; CPU in cores. */
export interface Resources {
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly replicas: number;
}

/** What each size means for each kind; a vcluster's are those of its control plane. */
export const SIZES: Readonly<Record<RuntimeType, Readonly<Record<Size, Resources>>>> = {
  agent_runtime: {
    small: { cpu: 0.25, memoryMiB: 256, replicas: 1 },
    medium: { cpu: 0.5, memoryMiB: 512, replicas: 2 },
    large: { cpu: 1, memoryMiB: 1024, replicas: 3 },
    xlarge: { cpu: 2, memoryMiB: 4096, replicas: 5 },
  },
  sandbox: {
    small: { cpu: 0.25, memoryMiB: 256, replicas: 1 },
    medium: { cpu: 0.5, memoryMiB: 512, replicas: 1 },
    large: { cpu: 1, memoryMiB: 1024, replicas: 1 },
    xlarge: { cpu: 2, memoryMiB: 4096, replicas: 1 },
  },
  vcluster: {
    small: { cpu: 0.2, memoryMiB: 256, replicas: 1 },
    medium: { cpu: 0.5, memoryMiB: 1024, replicas: 1 },
    large: { cpu: 1, memoryMiB: 2048, replicas: 1 },
    xlarge: { cpu: 2, memoryMiB: 4096, replicas: 3 },
  },
  vm: {
    small: { cpu: 1, memoryMiB: 2048, replicas: 1 },
    medium: { cpu: 2, memoryMiB: 4096, replicas: 1 },
    large: { cpu: 4, memoryMiB: 8192, replicas: 1 },
    xlarge: { cpu: 8, memoryMiB: 16_384, replicas: 1 },
  },
};

/** The resources of a runtime: those of its size, with its overrides. */
export function resourcesOf(
  type: RuntimeType,
  {
    size = 'medium',
    resources,
  }: { readonly size?: Size | undefined; readonly resources?: ResourceProfile | undefined },
): Resources {
  const table = SIZES[type][size];
  return {
    cpu: resources?.cpu ?? table.cpu,
    memoryMiB: resources?.memory ? memoryMiBOf(resources.memory) : table.memoryMiB,
    replicas: resources?.replicas ?? table.replicas,
  };
}
