import { type RawBuilder, sql } from 'kysely';
import { type CompleteRecord, completeRecord } from '../audit/complete.ts';
import { canonicalText } from '../audit/leaf.ts';
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
  const [head, tail] = aroundTenant(complete);
  const { action, outcome, actor, object, operation_id, project } = complete;
  // The tenant is the transaction's, whatever the program believes; the text is the one the leaf is over.
  const text = sql`select ${head}::text || nullif(current_setting('app.tenant', true), '') || ${tail}::text as text`;
  return sql`
    insert into audit_records
      (id, at, record, leaf, action, outcome, actor_id, object_kind, object_id, operation_id, project)
    select ${complete.id}, ${complete.at}::timestamptz, canonical.text::jsonb,
      sha256('\\x00'::bytea || convert_to(canonical.text, 'UTF8')), ${action}, ${outcome}, ${actor.id},
      ${object.kind}, ${object.id}, ${operation_id}, ${project}
    from (${text}) as canonical
    ${source === undefined ? sql`` : sql`where exists (select from ${sql.table(source)})`}`;
}

/** The canonical text of a record before and after its tenant; only `workflow_id` comes behind `tenant_id`. */
function aroundTenant({ workflow_id, ...rest }: CompleteRecord): readonly [string, string] {
  const before = canonicalText(rest).slice(0, -1);
  return [`${before},"tenant_id":"`, `","workflow_id":${JSON.stringify(workflow_id)}}`];
}
