import { sql } from 'kysely';
import type { RuntimeStatus } from '../domain/health.ts';
import { type Heard, runtimeStatus, type StatusFacts } from '../domain/rules/runtime-status.ts';
import { OBSERVER_AGE, OBSERVER_NAME } from './health.ts';
import type { TenantSql } from './tables.ts';

/** What a runtime's status follows from, and when the observer last heard the cluster, if it ever did. */
export interface StatusReading {
  readonly facts: StatusFacts;
  readonly heard: Heard | undefined;
  readonly project: string;
}

/** Reads what a runtime's status follows from; nothing when the tenant has no such runtime. */
export async function readStatusFacts(db: TenantSql, runtimeId: string): Promise<StatusReading | undefined> {
  const row = await db
    .selectFrom('runtimes as r')
    .leftJoin('runtime_health as h', 'h.runtime_id', 'r.id')
    .leftJoin('observer_heartbeats as b', join => join.on('b.name', '=', OBSERVER_NAME))
    .select([
      'r.id',
      'r.project',
      'r.phase',
      'r.created_at',
      'r.observer_detached',
      LAST_DEPLOY.as('last_deploy'),
    ])
    .select(['h.status', 'h.ready_pods', 'h.total_pods', 'h.reason', 'h.signals', 'h.observed_at'])
    .select(['b.observed_at as heard_at', OBSERVER_AGE.as('age')])
    .where('r.id', '=', runtimeId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const facts: StatusFacts = {
    runtimeId: row.id,
    phase: row.phase,
    createdAt: row.created_at,
    detached: row.observer_detached,
    lastDeploy: row.last_deploy,
    seen: row.status && {
      status: row.status,
      readyPods: row.ready_pods ?? 0,
      totalPods: row.total_pods ?? 0,
      reason: row.reason ?? '',
      signals: row.signals ?? {},
      at: row.observed_at ?? row.created_at,
    },
  };
  const heard = row.heard_at && row.age !== null ? { at: row.heard_at, ageSeconds: row.age } : undefined;
  return { facts, heard, project: row.project };
}

/** The status of a runtime from what is kept; `unknown` when the observer is blind. */
export async function findRuntimeStatus(
  db: TenantSql,
  { runtimeId, maxAgeSeconds }: { runtimeId: string; maxAgeSeconds: number },
): Promise<RuntimeStatus | undefined> {
  const reading = await readStatusFacts(db, runtimeId);
  return reading && runtimeStatus(reading.facts, { heard: reading.heard, maxAgeSeconds });
}

const LAST_DEPLOY = sql<StatusFacts['lastDeploy']>`(
  select jsonb_build_object('deployment_id', d.id, 'outcome', d.outcome, 'finished_at',
    to_char(d.finished_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
  from deployments d where d.runtime_id = r.id and d.finished_at is not null order by d.id desc limit 1)`;
