import { sql } from 'kysely';
import type { Health, WorkloadFacts } from '../domain/health.ts';
import type { Database } from './database.ts';
import { writingEvent } from './events.ts';
import type { TenantSql } from './tables.ts';

const OBSERVER = 'observer';

/** What the observer judged of one runtime, and on which facts. */
export interface ObservedHealth {
  readonly runtimeId: string;
  readonly health: Health;
  readonly facts: WorkloadFacts;
}

/**
 * Keeps what was observed; when the status differs from the one kept before, also writes an event `health.<status>`.
 * One statement. Does nothing for a runtime the database does not know. Answers whether the status changed.
 */
export async function saveHealth(
  db: TenantSql,
  { runtimeId, health, facts }: ObservedHealth,
): Promise<boolean> {
  const { rows } = await sql`
    with known as (
      select r.id as runtime_id, h.status as before
      from runtimes r left join runtime_health h on h.runtime_id = r.id
      where r.id = ${runtimeId}
    ), kept as (
      insert into runtime_health (runtime_id, status, ready_pods, total_pods, reason, facts, observed_at)
      select runtime_id, ${health.status}, ${health.readyPods}::int, ${health.totalPods}::int, ${health.reason},
        ${JSON.stringify(facts)}::jsonb, ${facts.observedAt}::timestamptz
      from known
      on conflict (tenant_id, runtime_id) do update set status = excluded.status, ready_pods = excluded.ready_pods,
        total_pods = excluded.total_pods, reason = excluded.reason, facts = excluded.facts,
        observed_at = excluded.observed_at
    ), changed as (
      select runtime_id from known where before is distinct from ${health.status}
    ), ${writingEvent(healthEvent(health, facts), 'changed')}`.execute(db);
  return rows.length > 0;
}

/** The last facts of every runtime of the tenant whose kept status is not `unknown`. */
export async function listKeptFacts(db: TenantSql): Promise<readonly WorkloadFacts[]> {
  const rows = await db
    .selectFrom('runtime_health')
    .select('facts')
    .where('status', '<>', 'unknown')
    .execute();
  return rows.flatMap(row => (row.facts === null ? [] : [row.facts]));
}

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

/** Not ready yet is nothing to be woken for while a rollout is under way: its verification judges that. */
function healthEvent(health: Health, { rollingOut = false }: WorkloadFacts) {
  const lasting = (
    {
      healthy: 'info',
      stopped: 'info',
      degraded: 'warning',
      unknown: 'warning',
      unhealthy: 'critical',
    } as const
  )[health.status];
  const severity = rollingOut ? 'info' : lasting;
  const data = { ready_pods: health.readyPods, total_pods: health.totalPods };
  return {
    type: `health.${health.status}`,
    severity,
    actor: 'system' as const,
    message: health.reason,
    data,
  };
}
