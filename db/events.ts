import { type RawBuilder, sql } from 'kysely';
import type { NewAuditRecord } from '../domain/audit.ts';
import type { Event } from '../domain/event.ts';
import { newId } from '../domain/ids.ts';
import { insertingAudit } from './audit.ts';
import type { TenantSql } from './tables.ts';

/** The channel on which every written event is announced. */
export const CHANGES_CHANNEL = 'runtimeai_changes';

/** An event before it has its number. */
export interface NewEvent {
  readonly type: string;
  /** A statement may decide it by what it finds. */
  readonly severity: Event['severity'] | RawBuilder<Event['severity']>;
  readonly actor: Event['actor'];
  readonly principal?: string | undefined;
  readonly operationId?: string | undefined;
  /** With the operation: makes the event one that is never written twice. */
  readonly step?: number | undefined;
  readonly message: string;
  readonly data?: Record<string, unknown> | undefined;
  /** What the audit says of it; written exactly when the step is, also where no runtime exists that could have an event. */
  readonly audit?: NewAuditRecord | undefined;
  /** The CTE of the operation from which the record takes its place, policies and workflow. */
  readonly auditOf?: 'operation' | undefined;
}

/**
 * The last CTEs of a statement that writes an event, and its final select. `source` is an earlier CTE with a column
 * `runtime_id`: one event for each of its rows. Numbers have no gaps, because the row with the last number stays locked
 * until the transaction ends. Answers `sequence` for each event written.
 */
export function writingEvent(event: NewEvent, source: string): RawBuilder<{ sequence: number }> {
  return sql`${writtenEvent(event, source)} select sequence, ${ANNOUNCING} from written`;
}

/** The same CTEs without a final select; who has another one must select `ANNOUNCING` from the last, `written`. */
export function writtenEvent(event: NewEvent, source: string): RawBuilder<unknown> {
  return sql`${event.audit ? sql`audited as (${insertingAudit(event.audit, { source, operation: event.auditOf })}), ` : sql``}numbered as (
      insert into event_sequences (runtime_id, last)
      select runtime_id, 1 from ${sql.table(source)} where runtime_id is not null
      on conflict (tenant_id, runtime_id) do update set last = event_sequences.last + 1
      returning runtime_id, last
    ), written as (
      insert into events
        (runtime_id, sequence, id, type, severity, actor, principal, operation_id, step, message, data)
      select runtime_id, last, ${newId('event')}, ${event.type}, ${event.severity}, ${event.actor},
        ${event.principal ?? null}, ${event.operationId ?? null}, ${event.step ?? null}::int, ${event.message},
        ${JSON.stringify(event.data ?? {})}::jsonb
      from numbered
      returning tenant_id, runtime_id, operation_id, sequence
    )`;
}

/** Announces an event of `written`; where none was written, nothing. */
export const ANNOUNCING = sql`case when written.sequence is not null then pg_notify(${CHANGES_CHANNEL},
  json_build_object('tenant', written.tenant_id, 'runtime', written.runtime_id, 'operation', written.operation_id,
    'sequence', written.sequence)::text)::text end`;

/** Writes one event of a runtime that exists; answers its number, or nothing when there is no such runtime. */
export async function appendEvent(
  db: TenantSql,
  { runtimeId, ...event }: NewEvent & { runtimeId: string },
): Promise<number | undefined> {
  const { rows } = await sql<{ sequence: number }>`
    with runtime as (select id as runtime_id from runtimes where id = ${runtimeId}),
    ${writingEvent(event, 'runtime')}`.execute(db);
  return rows[0]?.sequence;
}

/** Events of a runtime in their order, after the given number and, if given, not before a time. */
export async function listEvents(
  db: TenantSql,
  query: {
    runtimeId: string;
    afterSequence?: number | undefined;
    since?: Date | undefined;
    limit: number;
  },
): Promise<Event[]> {
  let rows = db
    .selectFrom('events')
    .select(['id', 'runtime_id', 'sequence', 'type', 'severity', 'ts', 'actor', 'principal'])
    .select(['operation_id', 'message', 'data'])
    .where('runtime_id', '=', query.runtimeId)
    .where('sequence', '>', query.afterSequence ?? 0)
    .orderBy('sequence')
    .limit(query.limit);
  if (query.since) rows = rows.where('ts', '>=', query.since);
  return (await rows.execute()).map(row => ({ ...row, ts: row.ts.toISOString() }));
}

/** The oldest and newest number kept of a runtime's events; nothing when it has none. */
export async function keptEvents(
  db: TenantSql,
  runtimeId: string,
): Promise<{ oldest: number; newest: number } | undefined> {
  const row = await db
    .selectFrom('events')
    .select(eb => [eb.fn.min('sequence').as('oldest'), eb.fn.max('sequence').as('newest')])
    .where('runtime_id', '=', runtimeId)
    .executeTakeFirst();
  if (row === undefined || row.oldest === null || row.newest === null) return undefined;
  return { oldest: row.oldest, newest: row.newest };
}
