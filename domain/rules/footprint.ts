import type { Footprint } from '../policy.ts';
import type { RuntimeSpec, RuntimeType, Size } from '../runtime.ts';
import { type Gpu, gpuOf } from './placement.ts';
import { cpuMilliOf, memoryMiBOf } from './quota.ts';
import { reservationOfRuntime } from './reservation.ts';
import { type Resources, resourcesOf, SIZES } from './sizes.ts';

/**
 * What a runtime may come to hold, as policies and prices look at it: of all replicas it may scale to and of its warm
 * pool. Stopped, it is the same. `size` is the one whose cores and memory each replica has, or null.
 */
export function footprintOf(type: RuntimeType, spec: RuntimeSpec): Footprint {
  const { cpuMilli, memoryMiB, pods } = reservationOfRuntime(type, spec);
  const gpu = gpuIn(spec);
  return {
    cpu: cpuMilli / 1000,
    memory_mib: memoryMiB,
    replicas: pods,
    gpus: gpu === null ? 0 : gpu.count * pods,
    gpu_model: gpu?.model ?? null,
    storage_gib: storageGiBOf(type, spec, pods),
    size: sizeOf(type, shapeOf(type, spec)),
    image: spec.agent?.image ?? spec.sandbox?.image ?? spec.vm?.image ?? null,
    exposure: spec.agent?.exposure ?? spec.networking?.exposure ?? 'private',
    egress_policy: spec.agent?.egress ?? spec.networking?.egress_policy ?? 'restricted',
    isolation: isolationOf(type, spec),
  };
}

/** The GPUs of each pod of a runtime. */
export function gpuIn({ agent, resources }: RuntimeSpec): Gpu | null {
  return gpuOf(agent?.gpu ?? resources?.gpu);
}

type Shape = Pick<Resources, 'cpu' | 'memoryMiB'>;

/** The size of a kind whose replica has exactly these resources, or null. */
export function sizeOf(type: RuntimeType, { cpu, memoryMiB }: Shape): Size | null {
  const sizes = Object.entries(SIZES[type]) as [Size, Resources][];
  const found = sizes.find(([, table]) => table.cpu === cpu && table.memoryMiB === memoryMiB);
  return found?.[0] ?? null;
}

function shapeOf(type: RuntimeType, spec: RuntimeSpec): Shape {
  if (type !== 'agent_runtime' || spec.agent === undefined) return resourcesOf(type, spec);
  const { cpu, memory } = spec.agent.resources;
  return { cpu: cpuMilliOf(cpu) / 1000, memoryMiB: memoryMiBOf(memory) };
}

/** A virtual cluster of several replicas keeps its state in an etcd of three, each with a volume of its own. */
const ETCD_REPLICAS = 3;
const VCLUSTER_STORAGE = '5Gi';

function storageGiBOf(type: RuntimeType, spec: RuntimeSpec, pods: number): number {
  switch (type) {
    case 'agent_runtime':
      return 0;
    case 'sandbox':
      // Every pod of a warm pool has its own volume already.
      return giBOf(spec.sandbox?.storage) * Math.max(1, pods);
    case 'vcluster':
      return giBOf(spec.vcluster?.storage ?? VCLUSTER_STORAGE) * (pods > 1 ? ETCD_REPLICAS : 1);
    case 'vm':
      return giBOf(spec.vm?.disk);
  }
}

function giBOf(quantity: string | undefined): number {
  return quantity === undefined ? 0 : memoryMiBOf(quantity) / 1024;
}

/** A sandbox is strong unless told; the other kinds are basic. */
function isolationOf(type: RuntimeType, { agent, security }: RuntimeSpec): 'basic' | 'strong' {
  return agent?.isolation ?? security?.isolation ?? (type === 'sandbox' ? 'strong' : 'basic');
}
