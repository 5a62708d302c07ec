import { sql } from 'kysely';
import type { AuditRecord } from '../domain/audit.ts';
import type { TenantSql } from './tables.ts';

/** A month of records, as `2026-01`, and when it is over. */
export interface AuditMonth {
  readonly month: string;
  readonly until: Date;
}

/** A record that leaves the database, with its place in the tree; `sequence` is null when it was never sealed. */
export interface LeavingRecord {
  readonly id: string;
  readonly sequence: number | null;
  readonly leaf: string;
  readonly record: AuditRecord;
}

/** The months that have a partition of their own, the oldest first. */
export async function listAuditMonths(db: TenantSql): Promise<readonly AuditMonth[]> {
  const { rows } = await sql<{ month: string }>`
    select replace(substring(c.relname from 'audit_records_(\\d{4}_\\d{2})$'), '_', '-') as month
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'audit_records'::regclass and c.relname ~ '^audit_records_\\d{4}_\\d{2}$'
    order by c.relname`.execute(db);
  return rows.map(({ month }) => ({ month, until: monthAfter(month) }));
}

/** The tenants whose records they may be. */
export async function auditTenants(db: TenantSql): Promise<readonly string[]> {
  const rows = await db.selectFrom('audit_streams').select('stream').orderBy('stream').execute();
  return rows.map(({ stream }) => stream);
}

/** The next records of the transaction’s tenant in a month, in the order of their ids. */
export async function recordsOfMonth(
  db: TenantSql,
  { month, after, limit }: { month: AuditMonth; after: string; limit: number },
): Promise<readonly LeavingRecord[]> {
  const { rows } = await sql<LeavingRecord>`
    select r.id, l.sequence::float8 as sequence, encode(r.leaf, 'base64') as leaf, r.record
    from audit_records r left join audit_leaves l on l.record_id = r.id
    where r.at >= ${`${month.month}-01T00:00:00Z`}::timestamptz and r.at < ${month.until.toISOString()}::timestamptz
      and r.id > ${after}
    order by r.id limit ${limit}`.execute(db);
  return rows;
}

/** Takes a month out of the database, unless it holds other than so many records in all. Only its leaves stay. */
export async function dropAuditMonth(
  db: TenantSql,
  { month, records }: { month: AuditMonth; records: number },
): Promise<void> {
  const table = sql.table(`audit_records_${month.month.replace('-', '_')}`);
  await sql`lock table ${table} in access exclusive mode`.execute(db);
  // The count is over all tenants, which row-level security would hide from the owner as well.
  await sql`alter table ${table} no force row level security`.execute(db);
  const { rows } = await sql<{ count: number }>`select count(*)::float8 as count from ${table}`.execute(db);
  if (rows[0]?.count !== records) {
    throw new Error(
      `${month.month} holds ${rows[0]?.count} audit records and ${records} were exported, so nothing of it was dropped. ` +
        'Run the command again; if it stays so, records belong to a tenant that is not known.',
    );
  }
  await sql`drop table ${table}`.execute(db);
}

function monthAfter(month: string): Date {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number, 1));
}
