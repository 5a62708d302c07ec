import type { Footprint } from '../policy.ts';
import type { RuntimeSpec, RuntimeType, Size } from '../runtime.ts';
import { footprintOf, gpuIn, sizeOf } from './footprint.ts';
import type { Resources } from './sizes.ts';

/** What resources cost; any currency or none, as long as it is the same for all. */
export interface Prices {
  /** Of one core. */
  readonly cpuHour: number;
  /** Of one GiB of memory. */
  readonly gibHour: number;
  /** Of one GPU, alike for all models or by its model. */
  readonly gpuHour: number | { readonly default: number; readonly models: Readonly<Record<string, number>> };
  /** Of one GiB of a volume. */
  readonly storageGibMonth: number;
  /** Of one replica of that size an hour, in place of its cores and memory. */
  readonly sizes?:
    | Readonly<Partial<Record<RuntimeType, Readonly<Partial<Record<Size, number>>>>>>
    | undefined;
  /** What the figures are in, e.g. `EUR`. */
  readonly unit: string;
}

/**
 * Relative units, for who has given no prices: a GiB-hour of memory is 1, a core-hour 9, a GPU-hour 300, a month of a
 * GiB on disk 30. They compare two shapes of one runtime and are no bill.
 */
export const PRICES: Prices = {
  cpuHour: 9,
  gibHour: 1,
  gpuHour: 300,
  storageGibMonth: 30,
  unit: 'relative units',
};

const HOURS_PER_MONTH = 730;

/** What one runtime costs, however it is scaled: its GPUs, warm pool and volumes are in it. */
export interface Tariff {
  readonly unit: string;
  /** Of a month of running all the time with these resources; with no replicas it is that of being stopped. */
  perMonth(resources: Resources): number;
}

/** The tariff of a runtime; scaling changes neither its volumes nor what GPUs each pod has. */
export function tariffOf({ type, spec }: Priced, prices: Prices): Tariff {
  const footprint = footprintOf(type, spec);
  const gpus = gpuIn(spec)?.count ?? 0;
  const pool = spec.sandbox?.warm_pool ?? 0;
  return {
    unit: prices.unit,
    perMonth: ({ cpu, memoryMiB, replicas }) => {
      const pods = replicas + pool;
      const size = sizeOf(type, { cpu, memoryMiB });
      const scaled = {
        cpu: cpu * pods,
        memory_mib: memoryMiB * pods,
        replicas: pods,
        gpus: gpus * pods,
        size,
      };
      return monthlyCostOf({ ...footprint, ...scaled }, type, prices);
    },
  };
}

/** What each hour saves in which it does not run. */
export function savedPerHour(tariff: Tariff, running: Resources): number {
  return (tariff.perMonth(running) - tariff.perMonth({ ...running, replicas: 0 })) / HOURS_PER_MONTH;
}

interface Priced {
  readonly type: RuntimeType;
  readonly spec: RuntimeSpec;
}

/** What a runtime costs for a month of running all the time with all it may scale to, be it stopped now or not. */
export function monthlyCostOf(footprint: Footprint, type: RuntimeType, prices: Prices): number {
  const hour = computeHour(footprint, type, prices) + footprint.gpus * gpuHour(footprint, prices);
  return hour * HOURS_PER_MONTH + footprint.storage_gib * prices.storageGibMonth;
}

function computeHour({ cpu, memory_mib, replicas, size }: Footprint, type: RuntimeType, prices: Prices) {
  const sized = size === null ? undefined : prices.sizes?.[type]?.[size as Size];
  if (sized !== undefined) return sized * replicas;
  return cpu * prices.cpuHour + (memory_mib / 1024) * prices.gibHour;
}

function gpuHour({ gpu_model }: Footprint, { gpuHour: price }: Prices): number {
  if (typeof price === 'number') return price;
  if (gpu_model === null || !Object.hasOwn(price.models, gpu_model)) return price.default;
  return price.models[gpu_model] ?? price.default;
}
