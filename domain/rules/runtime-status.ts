import type { HealthStatus, RuntimeStatus } from '../health.ts';
import { contractHealth, currentHealth, type Phase, runtimeState } from './runtime-state.ts';

type Signals = RuntimeStatus['signals'];

/** What is kept of one runtime; its status follows from this and from when the observer last heard the cluster. */
export interface StatusFacts {
  readonly runtimeId: string;
  readonly phase: Phase;
  readonly createdAt: Date;
  /** Who told the observer to leave the runtime alone, if somebody did. */
  readonly detached: { readonly by: string; readonly at: string } | null;
  readonly lastDeploy: LastDeploy | null;
  /** Nothing while nothing of the runtime has been seen. */
  readonly seen: Seen | null;
}

interface Seen {
  readonly status: HealthStatus;
  readonly readyPods: number;
  readonly totalPods: number;
  readonly reason: string;
  readonly signals: Signals;
  readonly at: Date;
}

interface LastDeploy {
  readonly deployment_id: string;
  readonly outcome: string;
  readonly finished_at: string;
}

/** When the observer last heard the cluster, by the database's clock, and how long ago that is now. */
export interface Heard {
  readonly at: Date;
  readonly ageSeconds: number;
}

/** The answer for one runtime; `unknown` when the observer is blind or was told to leave it alone. */
export function runtimeStatus(
  facts: StatusFacts,
  { heard, maxAgeSeconds }: { heard: Heard | undefined; maxAgeSeconds: number },
): RuntimeStatus {
  const { detached, seen, phase } = facts;
  const status = detached === null && phase !== 'deleted' ? (seen?.status ?? null) : null;
  const health = currentHealth({ status, ageSeconds: heard?.ageSeconds ?? null, maxAgeSeconds });
  // Health is written when something changes, and the heartbeat says that it still holds.
  const observedAt = (later(heard?.at, seen?.at) ?? facts.createdAt).toISOString();
  return {
    runtime_id: facts.runtimeId,
    state: runtimeState(facts.phase, health),
    health: contractHealth(health),
    health_status: health,
    reason: reasonOf(facts, { health, heard, maxAgeSeconds }),
    signals: {
      ...(detached === null && observed(seen, { heard, observedAt })),
      ...(facts.lastDeploy && { last_deploy: deploySignal(facts.lastDeploy) }),
    },
    observed_at: observedAt,
  };
}

function observed(
  seen: Seen | null,
  { heard, observedAt: ts }: { heard: Heard | undefined; observedAt: string },
): Signals {
  const age = heard && { value: Math.round(heard.ageSeconds * 10) / 10, unit: 'seconds', ts };
  return {
    ...(seen && {
      ready_pods: { value: seen.readyPods, unit: 'pods', ts },
      total_pods: { value: seen.totalPods, unit: 'pods', ts },
      ...seen.signals,
    }),
    ...(age && { observation_age_seconds: age }),
  };
}

function deploySignal({ finished_at: ts, ...value }: LastDeploy): Signals[string] {
  return { value, unit: null, ts };
}

function reasonOf(
  { detached, seen, phase }: StatusFacts,
  what: { health: HealthStatus; heard: Heard | undefined; maxAgeSeconds: number },
): string {
  const { health, heard, maxAgeSeconds } = what;
  if (phase === 'deleted') return 'The runtime is deleted; its history is kept.';
  if (detached) return `${detached.by} detached the observer at ${detached.at}; attach_observer ends that.`;
  if (health !== 'unknown') return seen?.reason ?? '';
  if (heard === undefined) return 'The observer has not reported yet.';
  if (heard.ageSeconds <= maxAgeSeconds)
    return seen?.reason ?? 'Nothing of this runtime was seen in the cluster yet.';
  return `The observer last heard the cluster ${Math.round(heard.ageSeconds)} s ago; older than ${maxAgeSeconds} s does not count.`;
}

function later(a: Date | undefined, b: Date | undefined): Date | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a > b ? a : b;
}
