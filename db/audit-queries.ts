import { sql } from 'kysely';
import type { AuditOutcome, AuditRecord } from '../domain/audit.ts';
import { madeAt } from '../domain/ids.ts';
import { type Page, type PageRequest, pageOf, rowsToRead, startOf } from './page.ts';
import type { TenantSql } from './tables.ts';

/** What is asked of the audit; what is left out does not matter. */
export interface AuditQuery {
  readonly actor?: string | undefined;
  /** May hold `*` for any text. */
  readonly action?: string | undefined;
  readonly outcome?: AuditOutcome | undefined;
  readonly object?: string | undefined;
  readonly objectKind?: string | undefined;
  readonly operationId?: string | undefined;
  readonly project?: string | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
}

/** One page of records, newest first. */
export async function pageOfAudit(
  db: TenantSql,
  { query, page }: { query: AuditQuery; page: PageRequest },
): Promise<Page<AuditRecord>> {
  const name = ['audit', ...Object.entries(query).flat()];
  const after = startOf(page, name);
  const beside =
    after === undefined ? sql`true` : sql`(at, id) < (${madeAt(after).toISOString()}::timestamptz, ${after})`;
  const { rows } = await sql<{ id: string; record: AuditRecord }>`
    select id, record from audit_records
    where ${conditionOf(query)} and ${beside}
    order by at desc, id desc limit ${rowsToRead(page)}`.execute(db);
  const found = pageOf(rows, { request: page, query: name });
  return { ...found, items: found.items.map(({ record }) => record) };
}

/** The record with this id; its time is in the id, so only its month is looked at. */
export async function findAuditRecord(db: TenantSql, id: string): Promise<AuditRecord | undefined> {
  const { rows } = await sql<{ record: AuditRecord }>`
    select record from audit_records where at = ${madeAt(id).toISOString()}::timestamptz and id = ${id}`.execute(
    db,
  );
  return rows[0]?.record;
}

/** The place of a record in the tree, once it is sealed. */
export async function findAuditLeaf(
  db: TenantSql,
  id: string,
): Promise<{ sequence: number; leaf: Buffer } | undefined> {
  const row = await db
    .selectFrom('audit_leaves')
    .select(['sequence', 'leaf'])
    .where('record_id', '=', id)
    .executeTakeFirst();
  return row && { sequence: Number(row.sequence), leaf: row.leaf };
}

function conditionOf(query: AuditQuery) {
  const { actor, action, outcome, object, objectKind, operationId, project, since, until } = query;
  const conditions = [
    actor !== undefined && sql`actor_id = ${actor}`,
    action !== undefined && sql`action like ${likeOf(action)}`,
    outcome !== undefined && sql`outcome = ${outcome}`,
    object !== undefined && sql`object_id = ${object}`,
    objectKind !== undefined && sql`object_kind = ${objectKind}`,
    operationId !== undefined && ofOperation(operationId),
    project !== undefined && sql`project = ${project}`,
    since !== undefined && sql`at >= ${since.toISOString()}::timestamptz`,
    until !== undefined && sql`at < ${until.toISOString()}::timestamptz`,
  ];
  return sql.join([sql`true`, ...conditions.filter(condition => condition !== false)], sql` and `);
}

/** Its id tells when it was asked for; no record of it is older, but for clocks that differ. */
function ofOperation(id: string) {
  const from = new Date(madeAt(id).getTime() - CLOCKS_DIFFER_MS);
  return sql`operation_id = ${id} and at >= ${from.toISOString()}::timestamptz`;
}

const CLOCKS_DIFFER_MS = 60_000;

function likeOf(glob: string): string {
  return glob.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
}
