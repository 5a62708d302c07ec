import type { Resources } from './sizes.ts';

/** What an hour of a core and of a GiB costs; any currency or none, as long as it is the same for both. */
export interface Prices {
  readonly cpuHour: number;
  readonly gibHour: number;
  /** What the figures are in, e.g. `EUR`. */
  readonly unit: string;
}

/**
 * Relative units, for who has given no prices: a GiB-hour is 1, a core-hour 9. They compare two shapes of one runtime
 * and are no bill. GPUs, disks and traffic have no price here.
 */
export const PRICES: Prices = { cpuHour: 9, gibHour: 1, unit: 'relative units' };

const HOURS_PER_MONTH = 730;

/** What a runtime with these resources costs for a month of running all the time. */
export function monthlyCost({ cpu, memoryMiB, replicas }: Resources, prices: Prices): number {
  const perReplicaHour = cpu * prices.cpuHour + (memoryMiB / 1024) * prices.gibHour;
  return perReplicaHour * replicas * HOURS_PER_MONTH;
}

/** What one hour of not running saves. */
export function hourlyCost(resources: Resources, prices: Prices): number {
  return monthlyCost(resources, prices) / HOURS_PER_MONTH;
}
