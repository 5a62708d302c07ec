import type { RuntimeSpec, RuntimeType } from '../runtime.ts';
import { type Reservation, reservationOf } from './quota.ts';
import { resourcesOf } from './sizes.ts';

/** The most a runtime may come to hold of its project's quota; stopped, it keeps its place. */
export function reservationOfRuntime(type: RuntimeType, spec: RuntimeSpec): Reservation {
  if (type === 'agent_runtime' && spec.agent) return reservationOf(spec.agent);
  const { cpu, memoryMiB, replicas } = resourcesOf(type, spec);
  const pods = replicas + (spec.sandbox?.warm_pool ?? 0);
  return { cpuMilli: Math.round(cpu * 1000) * pods, memoryMiB: memoryMiB * pods, pods };
}
