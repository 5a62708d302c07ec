import type { RuntimeSpec, RuntimeType, Size } from '../../runtime.ts';
import { type Resources, SIZES } from '../sizes.ts';
import { sameResources, sameShape } from './resources.ts';

/** One way the runtime could be; without `size` each replica stays as it is. */
export interface Candidate {
  readonly size?: Size;
  readonly resources: Resources;
}

/** In canonical order: by it ties are broken. */
export const SIZE_NAMES: readonly Size[] = ['small', 'medium', 'large', 'xlarge'];

/** The numbers of replicas a kind can have; a virtual cluster's control plane votes, so there an even number is of no use. */
export const REPLICAS: Readonly<
  Record<RuntimeType, { readonly most: number; readonly choices?: readonly number[] }>
> = {
  agent_runtime: { most: 1000 },
  sandbox: { most: 1, choices: [1] },
  vcluster: { most: 3, choices: [1, 3] },
  vm: { most: 1, choices: [1] },
};

/** Every other size and number of replicas the runtime could have, in canonical order. */
export function candidatesFor(type: RuntimeType, now: Resources): Candidate[] {
  const asItIs: Candidate = { resources: now };
  const sized = SIZE_NAMES.map((size): Candidate => ({ size, resources: SIZES[type][size] }));
  const shapes = [asItIs, ...sized.filter(({ resources }) => !sameShape(resources, now))];
  const counts = replicaChoices(type, now);
  return shapes
    .flatMap(shape => counts.map(replicas => ({ ...shape, resources: { ...shape.resources, replicas } })))
    .filter(({ resources }) => !sameResources(resources, now));
}

/** The autoscaler of an agent, which decides its number of replicas; nothing when it has none. */
export function autoscalingOf({ agent }: RuntimeSpec): { min: number; max: number } | undefined {
  const scaling = agent?.auto_scaling;
  return scaling && { min: scaling.min_replicas, max: scaling.max_replicas };
}

/** A plan looks no further up than this; more replicas than that are for a person to ask for. */
const FARTHEST_GROWTH = 8;

function replicaChoices(type: RuntimeType, now: Resources): readonly number[] {
  const { most, choices } = REPLICAS[type];
  if (choices) return choices;
  const highest = Math.min(most, Math.max(now.replicas, 2) * FARTHEST_GROWTH);
  return Array.from({ length: highest }, (_, index) => index + 1);
}
