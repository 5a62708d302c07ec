import { sql } from 'kysely';
import type { SignedCheckpoint } from '../audit/checkpoint.ts';
import type { Subtree } from '../audit/tree.ts';
import type { AuditRecord } from '../domain/audit.ts';
import type { GlobalSql, TenantSql } from './tables.ts';

/** A record that has no place in the tree yet. */
export interface UnsealedRecord {
  readonly id: string;
  readonly tenantId: string;
  readonly at: Date;
  readonly xid: string;
  readonly record: AuditRecord;
  readonly leaf: Buffer;
}

/** How far the tree of a tenant goes. */
export interface TreeEnd {
  readonly size: number;
  /** Transaction and id of the last record in it; nothing when there is none. */
  readonly last: { readonly xid: string; readonly id: string } | undefined;
}

/** The tenants that have an audit. */
export async function listAuditStreams(db: GlobalSql): Promise<readonly string[]> {
  const rows = await db.selectFrom('audit_streams').select('stream').orderBy('stream').execute();
  return rows.map(({ stream }) => stream);
}

/** Makes the partitions of the coming months; answers how many were missing. */
export async function makeAuditPartitions(db: GlobalSql, months = 3): Promise<number> {
  const { rows } = await sql<{ made: number }>`select make_audit_partitions(${months}::int) as made`.execute(
    db,
  );
  return rows[0]?.made ?? 0;
}

/** Lets one process at a time seal a tenant, until the transaction ends; false when another one does. */
export async function lockAuditStream(db: TenantSql): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_xact_lock(hashtext('audit'), hashtext(current_setting('app.tenant', true))) as locked
  `.execute(db);
  return rows[0]?.locked ?? false;
}

/** How far the tree goes now. */
export async function readTreeEnd(db: TenantSql): Promise<TreeEnd> {
  const { rows } = await sql<{ size: number; xid: string; id: string }>`
    select (sequence + 1)::float8 as size, xid::text as xid, record_id as id
    from audit_leaves order by sequence desc limit 1`.execute(db);
  const [row] = rows;
  return row === undefined
    ? { size: 0, last: undefined }
    : { size: row.size, last: { xid: row.xid, id: row.id } };
}

/**
 * The next records to seal. The order is that in which transactions began; only those are taken before which none can
 * still come, because every transaction below the horizon has ended.
 */
export async function readUnsealed(
  db: TenantSql,
  { last }: TreeEnd,
  limit: number,
): Promise<readonly UnsealedRecord[]> {
  if (last !== undefined && !(await isOfAnotherServer(db, last.xid)))
    return readUnsealedWhere(
      db,
      sql`xid < ${HORIZON} and (xid, id) > (${last.xid}::xid8, ${last.id})`,
      limit,
    );
  // A dump that was restored elsewhere: its transaction ids have not been reached here, and all of them have ended.
  const restored = await readUnsealedWhere(db, sql`xid >= pg_snapshot_xmax(pg_current_snapshot())`, limit);
  return restored.length > 0 ? restored : readUnsealedWhere(db, sql`xid < ${HORIZON}`, limit);
}

/** When the oldest record was written that is not sealed yet, also if its transaction is still above the horizon. */
export async function oldestUnsealed(db: TenantSql, { last }: TreeEnd): Promise<Date | undefined> {
  const { rows } = await sql<{ at: Date }>`
    select at from audit_records r
    where ${last === undefined ? sql`true` : sql`(xid, id) > (${last.xid}::xid8, ${last.id})`} and ${NOT_SEALED}
    order by r.xid, r.id limit 1`.execute(db);
  return rows[0]?.at;
}

/** Writes what a round of sealing made; all or nothing with its transaction. */
export async function writeSealed(
  db: TenantSql,
  sealed: {
    readonly begin: number;
    readonly records: readonly UnsealedRecord[];
    readonly nodes: readonly Subtree[];
    readonly checkpoint: SignedCheckpoint;
  },
): Promise<void> {
  const { begin, records, nodes, checkpoint } = sealed;
  await sql`
    insert into audit_leaves (sequence, record_id, at, xid, leaf)
    select ${begin}::bigint + number - 1, id, at, xid::xid8, leaf
    from unnest(${records.map(({ id }) => id)}::text[], ${records.map(({ at }) => at.toISOString())}::timestamptz[],
      ${records.map(({ xid }) => xid)}::text[], ${records.map(({ leaf }) => leaf)}::bytea[])
      with ordinality as sealed (id, at, xid, leaf, number)`.execute(db);
  await sql`
    insert into audit_nodes (level, position, hash)
    select * from unnest(${nodes.map(({ level }) => level)}::smallint[],
      ${nodes.map(({ position }) => position)}::bigint[], ${nodes.map(({ hash }) => hash)}::bytea[])`.execute(
    db,
  );
  const { size, root, note, signedAt } = checkpoint;
  await sql`
    insert into audit_checkpoints (size, root, note, signed_at)
    values (${size}::bigint, ${root}, ${note}, ${signedAt.toISOString()}::timestamptz)`.execute(db);
}

const HORIZON = sql`pg_snapshot_xmin(pg_current_snapshot())`;

const NOT_SEALED = sql`not exists (
  select from audit_leaves l where l.tenant_id = r.tenant_id and l.record_id = r.id)`;

async function isOfAnotherServer(db: TenantSql, xid: string): Promise<boolean> {
  const { rows } = await sql<{ ahead: boolean }>`
    select ${xid}::xid8 >= pg_snapshot_xmax(pg_current_snapshot()) as ahead`.execute(db);
  return rows[0]?.ahead ?? false;
}

async function readUnsealedWhere(
  db: TenantSql,
  condition: ReturnType<typeof sql>,
  limit: number,
): Promise<readonly UnsealedRecord[]> {
  const { rows } = await sql<UnsealedRecord>`
    select id, tenant_id as "tenantId", at, xid::text as xid, record, leaf from audit_records r
    where ${condition} and ${NOT_SEALED} order by r.xid, r.id limit ${limit}`.execute(db);
  return rows;
}
