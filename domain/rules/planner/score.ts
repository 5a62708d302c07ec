import type { PolicyMode } from '../../planner.ts';
import type { Tariff } from '../prices.ts';
import type { Resources } from '../sizes.ts';
import type { Candidate } from './candidates.ts';
import { sameShape } from './resources.ts';

/** A candidate with what it would save and disturb, both as shares of what there is now. */
export interface Scored extends Candidate {
  /** Of a month. */
  readonly cost: number;
  /** Of what its replicas cost; what they do not change, such as volumes, is no part of it. */
  readonly savings: number;
  readonly disruption: number;
}

/**
 * A disturbance is worth it when savings / disruption reaches this; 1/k as in Karpenter's balanced consolidation, with
 * k = 1, 2 and 4. Since changing the size replaces every replica, `safe_first` only ever removes replicas.
 */
export const WORTH: Readonly<Record<PolicyMode, number>> = {
  safe_first: 1,
  balanced: 1 / 2,
  aggressive: 1 / 4,
};

/** What the candidate would save and disturb. */
export function scored(candidate: Candidate, now: Resources, tariff: Tariff): Scored {
  const [before, cost] = [tariff.perMonth(now), tariff.perMonth(candidate.resources)];
  const ofReplicas = before - tariff.perMonth({ ...now, replicas: 0 });
  return {
    ...candidate,
    cost,
    savings: ofReplicas === 0 ? 0 : (before - cost) / ofReplicas,
    disruption: disruptionOf(candidate.resources, now),
  };
}

/** Whether it saves anything, and enough for what it disturbs. */
export function isWorthIt({ savings, disruption }: Scored, mode: PolicyMode): boolean {
  return savings > TOLERANCE && savings + TOLERANCE >= disruption * WORTH[mode];
}

/** The cheapest, then the one that disturbs least, then the first in canonical order. */
export function cheapest(candidates: readonly Scored[]): Scored | undefined {
  return leastBy(candidates, ({ cost, disruption }) => [cost, disruption]);
}

/** The one that disturbs least, then the one whose cost differs least, then the first in canonical order. */
export function nearest(candidates: readonly Scored[]): Scored | undefined {
  return leastBy(candidates, ({ savings, disruption }) => [disruption, Math.abs(savings)]);
}

const TOLERANCE = 1e-9;

function leastBy(
  candidates: readonly Scored[],
  measures: (scored: Scored) => readonly [number, number],
): Scored | undefined {
  return candidates.reduce<Scored | undefined>((best, next) => {
    if (best === undefined) return next;
    const [[first, second], [bestFirst, bestSecond]] = [measures(next), measures(best)];
    return (first - bestFirst || second - bestSecond) < 0 ? next : best;
  }, undefined);
}

/** The share of the replicas there are now that would have to go or be replaced. */
function disruptionOf(wanted: Resources, now: Resources): number {
  if (!sameShape(wanted, now)) return 1;
  return now.replicas === 0 ? 0 : Math.max(0, now.replicas - wanted.replicas) / now.replicas;
}
