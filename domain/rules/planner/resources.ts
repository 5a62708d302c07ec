import type { PlannedRuntime } from '../../planner.ts';
import type { ResourceProfile, RuntimeSpec, RuntimeType, Size } from '../../runtime.ts';
import { cpuMilliOf, memoryMiBOf } from '../quota.ts';
import { type Resources, resourcesOf } from '../sizes.ts';

/** The body of a scale that a plan asks for. */
interface ScaleParams {
  readonly size?: Size;
  readonly resources?: ResourceProfile;
}

/** What a runtime has; of an agent that scales by itself the least it scales to, which is what a scale sets. */
export function resourcesNow({ type, spec }: Pick<PlannedRuntime, 'type' | 'spec'>): Resources {
  const { agent } = spec;
  if (type !== 'agent_runtime' || agent === undefined) return resourcesOf(type, spec);
  return {
    cpu: cpuMilliOf(agent.resources.cpu) / 1000,
    memoryMiB: memoryMiBOf(agent.resources.memory),
    replicas: agent.auto_scaling?.min_replicas ?? agent.replicas,
  };
}

/** What all replicas have together. */
export function capacityOf({ cpu, memoryMiB, replicas }: Resources): { cpu: number; memoryMiB: number } {
  return { cpu: cpu * replicas, memoryMiB: memoryMiB * replicas };
}

/** Whether two resources are the same, replica by replica and in number. */
export function sameResources(a: Resources, b: Resources): boolean {
  return a.replicas === b.replicas && sameShape(a, b);
}

/** Whether one replica of each has the same. */
export function sameShape(a: Resources, b: Resources): boolean {
  return a.cpu === b.cpu && a.memoryMiB === b.memoryMiB;
}

/** The body of the scale to that size and number; a new size would drop the GPU of the old one, so that is named again. */
export function scaleParams(
  { type, spec }: { readonly type: RuntimeType; readonly spec: RuntimeSpec },
  { size, replicas }: { readonly size?: Size | undefined; readonly replicas?: number | undefined },
): ScaleParams {
  const gpu = size !== undefined && type !== 'agent_runtime' ? spec.resources?.gpu : undefined;
  const resources = { ...(gpu ? { gpu } : {}), ...(replicas === undefined ? {} : { replicas }) };
  return {
    ...(size === undefined ? {} : { size }),
    ...(Object.keys(resources).length === 0 ? {} : { resources }),
  };
}
