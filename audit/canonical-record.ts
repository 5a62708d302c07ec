import type { AuditRecord } from '../domain/audit.ts';
import type { CompleteRecord } from './complete.ts';

/**
 * The canonical text (RFC 8785) of a complete record before and after its tenant. A record has one shape, so its names
 * are written in their order here instead of being sorted each time; that it is the text `canonicalText` makes is tested.
 */
export function canonicalAroundTenant(record: CompleteRecord): readonly [before: string, after: string] {
  const { id, at, actor, action, object, project, environment, outcome, reason, origin, policy } = record;
  const { id: actorId, name, kind, on_behalf_of, credential } = actor;
  const before = JSON.stringify({
    action,
    actor: { credential, id: actorId, kind, name, on_behalf_of },
    at,
  });
  const between = JSON.stringify({
    environment,
    id,
    object: { id: object.id, kind: object.kind, name: object.name },
    operation_id: record.operation_id,
    origin: { address: origin.address, request_id: origin.request_id },
    outcome,
    policy: policy && { answer: policy.answer, digest: policy.digest, policy: policy.policy },
    project,
    reason,
  });
  const details = canonicalDetails(record.details);
  return [
    `${before.slice(0, -1)},"details":${details},${between.slice(1, -1)},"tenant_id":"`,
    `","workflow_id":${JSON.stringify(record.workflow_id)}}`,
  ];
}

/** Name by name: an object of the engine would put names that are numbers first. */
function canonicalDetails(details: AuditRecord['details']): string {
  const names = Object.keys(details).sort();
  return `{${names.map(name => `${JSON.stringify(name)}:${JSON.stringify(details[name])}`).join(',')}}`;
}
