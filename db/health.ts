import { type RawBuilder, sql } from 'kysely';
import type { Event } from '../domain/event.ts';
import type { Health, HealthStatus, ObservedFacts, Signal } from '../domain/health.ts';
import type { Phase } from '../domain/rules/runtime-state.ts';
import type { Database } from './database.ts';
import { ANNOUNCING, writtenEvent } from './events.ts';
import type { TenantSql } from './tables.ts';

const OBSERVER = 'observer';

/** What the observer judged of one runtime, and on which facts. */
export interface ObservedHealth {
  readonly runtimeId: string;
  readonly health: Health;
  readonly facts: ObservedFacts;
  readonly signals?: Readonly<Record<string, Signal>>;
  /** The backend's own finer word. */
  readonly phase?: string | undefined;
}

/**
 * What came of it: `changed` is another status than before, with an event; `left_alone` a runtime that is being deleted
 * or whose observer is detached, of which nothing was written; `unknown_runtime` one that is deleted or never was.
 */
export type Saved = 'changed' | 'same' | 'left_alone' | 'unknown_runtime';

/** Keeps what was observed; when the status differs from the one kept before, also writes an event `health.<status>`. One statement. */
export async function saveHealth(
  db: TenantSql,
  { runtimeId, health, facts, signals = {}, phase }: ObservedHealth,
): Promise<Saved> {
  const { rows } = await sql<{ left_alone: boolean; sequence: number | null }>`
    with known as (
      select r.id as runtime_id, h.status as before, ${LEFT_ALONE} as left_alone,
        r.phase in ('installing', 'upgrading') as changing
      from runtimes r left join runtime_health h on h.runtime_id = r.id
      where r.id = ${runtimeId} and r.phase <> 'deleted'
    ), kept as (
      insert into runtime_health
        (runtime_id, status, ready_pods, total_pods, reason, facts, signals, phase, observed_at)
      select runtime_id, ${health.status}, ${health.readyPods}::int, ${health.totalPods}::int, ${health.reason},
        ${JSON.stringify(facts)}::jsonb, ${JSON.stringify(signals)}::jsonb, ${phase ?? null},
        ${facts.observedAt}::timestamptz
      from known where not left_alone
      on conflict (tenant_id, runtime_id) do update set status = excluded.status, ready_pods = excluded.ready_pods,
        total_pods = excluded.total_pods, reason = excluded.reason, facts = excluded.facts,
        signals = excluded.signals, phase = excluded.phase, observed_at = excluded.observed_at
    ), changed as (
      select runtime_id from known where not left_alone and before is distinct from ${health.status}
    ), ${writtenEvent(healthEvent(health, facts), 'changed')}
    select known.left_alone, written.sequence, ${ANNOUNCING}
    from known left join written on written.runtime_id = known.runtime_id`.execute(db);
  const [row] = rows;
  if (row === undefined) return 'unknown_runtime';
  if (row.left_alone) return 'left_alone';
  return row.sequence === null ? 'same' : 'changed';
}

/** The signals of one runtime, without a judgement. */
export interface ObservedSignals {
  readonly runtimeId: string;
  readonly signals: Readonly<Record<string, Signal>>;
}

/** Keeps signals of runtimes whose health is kept already; writes no event. */
export async function saveSignals(db: TenantSql, observed: readonly ObservedSignals[]): Promise<void> {
  const rows = observed.map(({ runtimeId, signals }) => ({ runtime_id: runtimeId, signals }));
  await sql`
    update runtime_health h set signals = fresh.signals
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as fresh (runtime_id text, signals jsonb)
      join runtimes r on r.id = fresh.runtime_id
    where h.runtime_id = r.id and r.phase <> 'deleted' and not ${LEFT_ALONE}`.execute(db);
}

/** A runtime as the observer must know it to judge it. */
export interface WatchedRuntime {
  readonly runtimeId: string;
  /** Name of its adapter. */
  readonly backend: string;
  readonly phase: Phase;
  /** Nothing is written of it now: it is being deleted, or its observer is detached. */
  readonly leftAlone: boolean;
  /** What is kept of it, whoever wrote that; nothing while it has never been seen. */
  readonly kept: (Health & { readonly phase: string | null }) | undefined;
}

/** The runtimes of the tenant that are not deleted, or those of them with these ids. */
export async function listWatchedRuntimes(
  db: TenantSql,
  ids?: readonly string[],
): Promise<readonly WatchedRuntime[]> {
  const { rows } = await sql<WatchedRow>`
    select r.id, r.backend, r.phase, ${LEFT_ALONE} as left_alone,
      h.status, h.ready_pods, h.total_pods, h.reason, h.phase as word
    from runtimes r left join runtime_health h on h.runtime_id = r.id
    where r.phase <> 'deleted' and ${ids ? sql`r.id = any(${ids})` : sql`true`}`.execute(db);
  return rows.map(row => ({
    runtimeId: row.id,
    backend: row.backend,
    phase: row.phase,
    leftAlone: row.left_alone,
    kept:
      row.status === null
        ? undefined
        : {
            status: row.status,
            readyPods: row.ready_pods ?? 0,
            totalPods: row.total_pods ?? 0,
            reason: row.reason ?? '',
            phase: row.word,
          },
  }));
}

interface WatchedRow {
  readonly id: string;
  readonly backend: string;
  readonly phase: Phase;
  readonly left_alone: boolean;
  readonly status: HealthStatus | null;
  readonly ready_pods: number | null;
  readonly total_pods: number | null;
  readonly reason: string | null;
  readonly word: string | null;
}

/** Of a runtime `r`: what is being deleted goes as it should, and whoever detached the observer wants to hear nothing. */
const LEFT_ALONE = sql<boolean>`(r.phase = 'deleting' or r.observer_detached is not null)`;

/** Says that the observer hears the cluster; `ageSeconds` is how long ago its watch last heard something. */
export async function beat(db: Pick<Database, 'global'>, ageSeconds: number): Promise<void> {
  await sql`
    insert into observer_heartbeats (name, observed_at)
    values (${OBSERVER}, now() - make_interval(secs => ${ageSeconds}))
    on conflict (name) do update set observed_at = excluded.observed_at`.execute(db.global);
}

/** How long ago the observer last heard the cluster, by the database's clock; nothing when it never did. */
export async function observerAgeSeconds(db: Pick<Database, 'global'>): Promise<number | undefined> {
  const { rows } = await sql<{ age: number }>`
    select extract(epoch from now() - observed_at)::float8 as age
    from observer_heartbeats where name = ${OBSERVER}`.execute(db.global);
  return rows[0]?.age;
}

/** Age of the observer's last beat within a query that joins `observer_heartbeats as b`. */
export const OBSERVER_AGE = sql<number | null>`extract(epoch from now() - b.observed_at)::float8`;

/** The name under which the observer beats, for joins. */
export const OBSERVER_NAME = OBSERVER;

/** Not ready yet is nothing to be woken for while a change is under way: that is watched until it is well or taken back. */
function healthEvent(health: Health, { rollingOut = false }: Pick<ObservedFacts, 'rollingOut'>) {
  const severity = SEVERITIES[health.status];
  const data = { ready_pods: health.readyPods, total_pods: health.totalPods };
  return {
    type: `health.${health.status}`,
    severity: rollingOut ? ('info' as const) : unlessChanging(severity),
    actor: 'system' as const,
    message: health.reason,
    data,
  };
}

function unlessChanging(severity: Event['severity']): RawBuilder<Event['severity']> {
  return sql`case when (select changing from known) then 'info' else ${severity} end`;
}

const SEVERITIES: Readonly<Record<HealthStatus, Event['severity']>> = {
  healthy: 'info',
  stopped: 'info',
  degraded: 'warning',
  unknown: 'warning',
  unhealthy: 'critical',
};
