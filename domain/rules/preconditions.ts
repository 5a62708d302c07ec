import type { Power } from '../change.ts';
import type { Wish } from '../change-operation.ts';
import type { AdmissionRefusal } from '../deployment.ts';
import type { Capability, RuntimeType } from '../runtime.ts';
import type { Phase } from './runtime-state.ts';

/** What is known of a runtime when something is to be done to it; `power` as it will be by then. */
export interface Situation {
  readonly type: RuntimeType;
  readonly phase: Phase;
  readonly power: Power;
  readonly capabilities: readonly Capability[];
  /** Capabilities that the cluster cannot serve now, and why. */
  readonly limits?: Partial<Record<Capability, string>>;
}

export interface Obstacle {
  readonly code: AdmissionRefusal;
  readonly reason: string;
}

/** Why a wish cannot be begun in this situation, or nothing when it can. */
export function obstacleTo(wish: Wish, situation: Situation): Obstacle | undefined {
  if (wish.verb === 'create') return undefined;
  return (
    deletedAlready(situation) ??
    (wish.verb === 'delete' ? undefined : notForKind(wish, situation)) ??
    nothingThere(wish, situation) ??
    notWhileStopped(wish, situation) ??
    senseless(wish)
  );
}

/** Why nothing at all can be done any more, or nothing when it can. */
export function deletedAlready({ phase }: Pick<Situation, 'phase'>): Obstacle | undefined {
  if (phase !== 'deleted') return undefined;
  return { code: 'runtime_deleted', reason: 'The runtime is deleted; only its history is left.' };
}

function notForKind(wish: Wish, { type, capabilities, limits = {} }: Situation): Obstacle | undefined {
  if (wish.verb === 'create' || wish.verb === 'delete') return undefined;
  const limit = limits[wish.verb];
  if (limit !== undefined)
    return { code: 'change_impossible', reason: `It cannot ${wish.verb} now: ${limit}.` };
  if (capabilities.includes(wish.verb)) return undefined;
  const can = capabilities.length === 0 ? 'nothing of the kind' : capabilities.join(', ');
  return {
    code: 'capability_not_supported',
    reason: `A runtime of type ${type} cannot ${wish.verb}; it can: ${can}.`,
  };
}

function nothingThere(wish: Wish, { phase, type }: Situation): Obstacle | undefined {
  if (phase !== 'not_installed' && phase !== 'install_failed') return undefined;
  if (wish.verb === 'delete') return undefined;
  const next =
    type === 'agent_runtime'
      ? 'Deploy a version into it (POST /v1/runtimes/{runtime_id}/deployments), or delete it.'
      : 'Delete it and create it anew.';
  return { code: 'wrong_state', reason: `Nothing of it is in the cluster. ${next}` };
}

/** Verbs that only mean something for what runs. */
const NEEDS_RUNNING: ReadonlySet<Wish['verb']> = new Set(['restart', 'rollout_restart', 'migrate']);

function notWhileStopped(wish: Wish, { power }: Situation): Obstacle | undefined {
  if (power === 'running' || !NEEDS_RUNNING.has(wish.verb)) return undefined;
  return {
    code: 'wrong_state',
    reason: `It is stopped, so there is nothing to ${wish.verb}. Start it first.`,
  };
}

function senseless(wish: Wish): Obstacle | undefined {
  if (wish.verb !== 'scale') return undefined;
  const { size, resources } = wish.to;
  const given = Object.values(resources ?? {}).some(value => value !== null && value !== undefined);
  if (!size && !given)
    return { code: 'change_impossible', reason: 'Say what to scale to: a size, or resources.' };
  if (resources?.replicas === 0)
    return {
      code: 'change_impossible',
      reason: 'Scaling to 0 would forget how many there were. Stop it instead, which remembers.',
    };
  return undefined;
}
