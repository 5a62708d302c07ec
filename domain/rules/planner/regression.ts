import type { HealthStatus } from '../../health.ts';
import { percent, round } from './feasible.ts';
import { boundText, keeps, type Limits } from './limits.ts';
import { type Behaviour, readBehaviour } from './signals.ts';

/** A runtime as it was seen before, or after, a plan was carried out. */
export interface Seen {
  readonly status: HealthStatus;
  readonly signals: Readonly<Record<string, unknown>>;
}

/** `inconclusive`: nothing got worse that can be seen, but something that should be seen cannot. */
export interface RegressionVerdict {
  readonly verdict: 'no_worse' | 'worse' | 'inconclusive';
  readonly reasons: readonly string[];
}

/** Latency may grow by this share, and errors by this many percentage points, before that counts as worse. */
export const TOLERATED = { latencyShare: 0.2, errorRatio: 0.01 } as const;

/** Whether things got worse after a plan was carried out: health, restarts, latency and errors, beside what was before. */
export function verifyRegression(before: Seen, after: Seen, limits: Limits = {}): RegressionVerdict {
  const [was, is] = [readBehaviour(before.signals), readBehaviour(after.signals)];
  const worse = [
    healthWorse(before, after),
    restartsUp(was, is),
    slower(was, is, limits),
    moreErrors(was, is),
  ].flat();
  if (worse.length > 0) return { verdict: 'worse', reasons: worse };
  const unseen = unseenAfter(after, was, is, limits);
  return unseen.length > 0
    ? { verdict: 'inconclusive', reasons: unseen }
    : { verdict: 'no_worse', reasons: [] };
}

const RANK: Readonly<Record<Exclude<HealthStatus, 'unknown'>, number>> = {
  healthy: 0,
  // Nothing was asked to run and nothing does.
  stopped: 0,
  degraded: 1,
  unhealthy: 2,
};

function healthWorse({ status: was }: Seen, { status: is }: Seen): string[] {
  if (is === 'unknown') return [];
  // What was unknown before may have been degraded too; only what is plainly down is held against the plan.
  const worse = RANK[is] > (was === 'unknown' ? RANK.degraded : RANK[was]);
  return worse ? [`its health was ${was} and is ${is}`] : [];
}

function restartsUp({ restarts: was }: Behaviour, { restarts: is }: Behaviour): string[] {
  return was !== undefined && is !== undefined && is > was
    ? [`its containers restarted ${was} times before and ${is} times now`]
    : [];
}

function slower(
  { latencyMs: was }: Behaviour,
  { latencyMs: is }: Behaviour,
  { latencyMs: limit }: Limits,
): string[] {
  if (is === undefined) return [];
  if (limit && !keeps(limit, is) && (was === undefined || keeps(limit, was)))
    return [`latency is ${round(is)} ms, and the limit is ${boundText(limit)} ms`];
  if (was === undefined || is <= was * (1 + TOLERATED.latencyShare)) return [];
  return [
    `latency was ${round(was)} ms and is ${round(is)} ms, more than ${percent(TOLERATED.latencyShare)} above`,
  ];
}

function moreErrors({ errorRatio: was }: Behaviour, { errorRatio: is }: Behaviour): string[] {
  if (was === undefined || is === undefined || is <= was + TOLERATED.errorRatio) return [];
  return [`${round(was * 100)} % of the requests failed before and ${round(is * 100)} % now`];
}

function unseenAfter(after: Seen, was: Behaviour, is: Behaviour, limits: Limits): string[] {
  // What is stopped says nothing, and is not expected to.
  if (after.status === 'stopped') return [];
  const gone = (name: string, before: unknown, now: unknown) =>
    before !== undefined && now === undefined ? [`the signal ${name} was there before and is not now`] : [];
  return [
    ...(after.status === 'unknown' ? ['its health is unknown'] : []),
    ...gone('restarts', was.restarts, is.restarts),
    ...gone('latency', limits.latencyMs ?? was.latencyMs, is.latencyMs),
    ...gone('error rate', was.errorRatio, is.errorRatio),
  ];
}
