import type { AuditRecord, NewAuditRecord } from '../domain/audit.ts';
import { madeAt, newId } from '../domain/ids.ts';

/** A record that has everything but its tenant, which the transaction it is written in knows. */
export type CompleteRecord = Omit<AuditRecord, 'tenant_id'>;

/** What one text in a record may hold; a stranger's request must not fill the database. */
const LONGEST = 2_000;
const MOST_DETAILS = 50;

/** Gives a record its id and its time, which is the id's own; writes null for what was left out. */
export function completeRecord(record: NewAuditRecord): CompleteRecord {
  const { actor, object, origin, policy } = record;
  const id = newId('audit');
  return {
    id,
    at: madeAt(id).toISOString(),
    actor: {
      id: clean(actor.id),
      name: clean(actor.name),
      kind: actor.kind,
      on_behalf_of: cleanOrNull(actor.on_behalf_of),
      credential: cleanOrNull(actor.credential),
    },
    action: clean(record.action),
    object: { kind: clean(object.kind), id: cleanOrNull(object.id), name: cleanOrNull(object.name) },
    project: cleanOrNull(record.project),
    environment: cleanOrNull(record.environment),
    outcome: record.outcome,
    reason: cleanOrNull(record.reason),
    origin: { address: cleanOrNull(origin?.address), request_id: cleanOrNull(origin?.request_id) },
    policy: policy
      ? { digest: clean(policy.digest), answer: clean(policy.answer), policy: clean(policy.policy) }
      : null,
    operation_id: cleanOrNull(record.operation_id),
    workflow_id: cleanOrNull(record.workflow_id),
    details: cleanDetails(record.details ?? {}),
  };
}

/** What PostgreSQL or the canonical form refuses (NUL, half a character) becomes U+FFFD; what is too long is cut. */
function clean(text: string): string {
  const whole = text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
  return whole.toWellFormed().replaceAll('\u0000', '\ufffd');
}

function cleanOrNull(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : clean(text);
}

function cleanDetails(details: AuditRecord['details']): AuditRecord['details'] {
  const entries = Object.entries(details).slice(0, MOST_DETAILS);
  return Object.fromEntries(entries.map(([name, value]) => [clean(name), cleanDetail(value)]));
}

function cleanDetail(value: AuditRecord['details'][string]): AuditRecord['details'][string] {
  if (typeof value === 'string') return clean(value);
  // Other numbers are not written the same everywhere; as text they are.
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return String(value);
  return value;
}
