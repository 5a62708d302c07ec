import { randomUUID } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import { canonicalAroundTenant } from '../audit/canonical-record.ts';
import { completeRecord } from '../audit/complete.ts';
import { canonicalText } from '../audit/leaf.ts';
import type { NewAuditRecord } from '../domain/audit.ts';
import { sendAlong } from './connection.ts';
import type { TenantSql } from './tables.ts';

/** The channel on which a tenant is named that has a record to seal. */
export const AUDIT_CHANNEL = 'runtimeai_audit';

/** Writes a record into the audit of the transaction's tenant, in the same transaction as what it tells of. */
export async function appendAudit(db: TenantSql, record: NewAuditRecord): Promise<void> {
  const insert = sql`${insertingAudit(record)} returning pg_notify(${AUDIT_CHANNEL}, tenant_id)::text`;
  await sendAlong(db, insert.compile(db));
}

/** Earlier CTEs of a statement that a record is written with. */
interface WrittenWith {
  /** It is written once if this one has a row. */
  readonly source: string;
  /** The operation it is of, which knows its place, policy and workflow; as `openOperation` selects it. */
  readonly operation?: string | undefined;
}

/** The insert of one record, alone or as a CTE of a statement. It announces nothing. */
export function insertingAudit(record: NewAuditRecord, along?: WrittenWith): RawBuilder<unknown> {
  const ofOperation = along?.operation !== undefined;
  const complete = completeRecord(ofOperation ? { ...record, ...UNKNOWN } : record);
  const [head, tail] = canonicalAroundTenant(complete);
  const { action, outcome, actor, object, operation_id } = complete;
  const [before, after] = ofOperation
    ? [filled(head), filled(tail)]
    : [sql`${head}::text`, sql`${tail}::text`];
  const project = ofOperation ? sql`operation.project` : sql`${complete.project}`;
  // The tenant is the transaction's, whatever the program believes; the text is the one the leaf is over.
  const text = sql`${before} || current_setting('app.tenant') || ${after}`;
  return sql`
    insert into audit_records
      (id, at, record, leaf, action, outcome, actor_id, object_kind, object_id, operation_id, project)
    select ${complete.id}, ${complete.at}::timestamptz, (${text})::json,
      sha256('\\x00'::bytea || convert_to(${text}, 'UTF8')), ${action}, ${outcome}, ${actor.id},
      ${object.kind}, ${object.id}, ${operation_id}, ${project}
    ${along === undefined ? sql`` : fromCtes(along)}`;
}

function fromCtes({ source, operation }: WrittenWith): RawBuilder<unknown> {
  if (operation === undefined) return sql`from ${sql.table(source)} limit 1`;
  const beside = source === operation ? sql`` : sql`cross join ${sql.table(source)} as source`;
  return sql`from ${sql.table(operation)} as operation ${beside} limit 1`;
}

// Words no record holds: they stand where PostgreSQL puts what the operation says.
const unknown = (what: string) => `${what} ${randomUUID()}`;
const VERDICT = { digest: unknown('digest'), answer: unknown('answer'), policy: unknown('policy') };
const UNKNOWN = {
  project: unknown('project'),
  environment: unknown('environment'),
  workflow_id: unknown('workflow'),
  policy: VERDICT,
};

/** JSON of PostgreSQL escapes the same characters in the same way as that of RFC 8785. */
const asJson = (value: RawBuilder<unknown>) => sql`coalesce(to_json(${value})::text, 'null')`;
const ofVerdict = (name: string) => asJson(sql`operation.verdict->>${sql.lit(name)}`);
const KNOWN: readonly (readonly [text: string, value: RawBuilder<unknown>])[] = [
  [canonicalText(UNKNOWN.project), asJson(sql`operation.project::text`)],
  [canonicalText(UNKNOWN.environment), asJson(sql`operation.environment::text`)],
  [canonicalText(UNKNOWN.workflow_id), asJson(sql`operation.workflow_id::text`)],
  [
    canonicalText(VERDICT),
    sql`case when operation.verdict->>'digest' is null then 'null' else '{"answer":' || ${ofVerdict('answer')}
      || ',"digest":' || ${ofVerdict('digest')} || ',"policy":' || ${ofVerdict('policy')} || '}' end`,
  ],
];

/** A text with what the operation says in the places of the words that stand for it. */
function filled(text: string): RawBuilder<unknown> {
  const parts = KNOWN.reduce<readonly (string | RawBuilder<unknown>)[]>(
    (all, [word, value]) =>
      all.flatMap(part => (typeof part === 'string' ? between(part, word, value) : [part])),
    [text],
  );
  return sql.join(
    parts.map(part => (typeof part === 'string' ? sql`${part}::text` : part)),
    sql` || `,
  );
}

function between(text: string, word: string, value: RawBuilder<unknown>): (string | RawBuilder<unknown>)[] {
  const [first = '', ...rest] = text.split(word);
  return [first, ...rest.flatMap(each => [value, each])];
}
