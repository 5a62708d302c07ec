import { type RawBuilder, sql } from 'kysely';
import { canonicalAroundTenant } from '../audit/canonical-record.ts';
import { completeRecord } from '../audit/complete.ts';
import type { NewAuditRecord } from '../domain/audit.ts';
import type { TenantSql } from './tables.ts';

/** The channel on which a tenant is named that has a record to seal. */
export const AUDIT_CHANNEL = 'runtimeai_audit';

/** Writes a record into the audit of the transaction's tenant, in the same transaction as what it tells of. */
export async function appendAudit(db: TenantSql, record: NewAuditRecord): Promise<void> {
  await sql`${insertingAudit(record)} returning pg_notify(${AUDIT_CHANNEL}, tenant_id)::text`.execute(db);
}

/** The insert of one record, alone or as a CTE of a statement: once if the earlier CTE `source` has a row. It announces nothing. */
export function insertingAudit(record: NewAuditRecord, source?: string): RawBuilder<unknown> {
  const complete = completeRecord(record);
  const [head, tail] = canonicalAroundTenant(complete);
  const { action, outcome, actor, object, operation_id, project } = complete;
  // The tenant is the transaction's, whatever the program believes; the text is the one the leaf is over.
  const text = sql`${head}::text || current_setting('app.tenant') || ${tail}::text`;
  return sql`
    insert into audit_records
      (id, at, record, leaf, action, outcome, actor_id, object_kind, object_id, operation_id, project)
    select ${complete.id}, ${complete.at}::timestamptz, (${text})::json,
      sha256('\\x00'::bytea || convert_to(${text}, 'UTF8')), ${action}, ${outcome}, ${actor.id},
      ${object.kind}, ${object.id}, ${operation_id}, ${project}
    ${source === undefined ? sql`` : sql`from ${sql.table(source)} limit 1`}`;
}
