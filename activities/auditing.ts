import type { AuditRecord, NewAuditRecord } from '../domain/audit.ts';
import type { Outcome } from '../domain/operation.ts';
import type { PolicyVerdict } from '../domain/policy.ts';
import type { Requester } from '../domain/requester.ts';

interface Asked {
  readonly operationId: string;
  readonly runtimeId: string;
  readonly requester: Requester;
  readonly workflowId: string;
}

interface About {
  /** The operation's kind, e.g. `deploy`. */
  readonly kind: string;
  readonly name: string;
  readonly project: string;
  readonly environment: string;
  readonly verdict: PolicyVerdict;
  readonly details?: AuditRecord['details'];
}

/** The record that an operation was begun. */
export function begunRecord(asked: Asked, about: About): NewAuditRecord {
  return askedRecord(asked, about, 'accepted');
}

/** The record that an operation was not begun because policy said no. */
export function deniedRecord(asked: Asked, about: About): NewAuditRecord {
  return askedRecord(asked, about, 'denied');
}

/** Who acted, as a record tells it. */
export function actorOf({ id, name, kind, onBehalfOf, credential }: Requester): AuditRecord['actor'] {
  return { id, name, kind, on_behalf_of: onBehalfOf?.id ?? null, credential: credential ?? null };
}

/** From where somebody acted, as a record tells it. */
export function originOf({ origin }: Requester): AuditRecord['origin'] {
  return { address: origin?.address ?? null, request_id: origin?.requestId ?? null };
}

/** The actor of what a workflow does by itself. */
const WORKFLOW_ACTOR: AuditRecord['actor'] = {
  id: 'runtimeai',
  name: 'RuntimeAI',
  kind: 'system',
  on_behalf_of: null,
  credential: null,
};

/** The record that people were asked, or asked again in place of an approval that is void from now on. */
export function askedPeopleRecord(asked: {
  readonly operationId: string;
  readonly approvalId: string;
  readonly digest: string;
  readonly message: string;
  readonly supersedes?: string;
}): NewAuditRecord {
  const { operationId, approvalId, digest, message, supersedes = null } = asked;
  return {
    actor: WORKFLOW_ACTOR,
    action: 'approval.open',
    object: { kind: 'approval', id: approvalId, name: null },
    outcome: 'accepted',
    reason: message,
    operation_id: operationId,
    details: { digest, supersedes },
  };
}

/** The record that an operation ended, and how. */
export function endedRecord(
  { operationId, runtimeId }: Pick<Asked, 'operationId' | 'runtimeId'>,
  { action, outcome, message }: { action: string; outcome: Outcome; message: string },
): NewAuditRecord {
  return {
    actor: WORKFLOW_ACTOR,
    action,
    object: { kind: 'runtime', id: runtimeId, name: null },
    outcome: AUDITED[outcome],
    reason: message,
    operation_id: operationId,
    details: { outcome },
  };
}

const AUDITED: Readonly<Record<Outcome, AuditRecord['outcome']>> = {
  succeeded: 'succeeded',
  rejected: 'denied',
  expired: 'refused',
  cancelled: 'refused',
  abandoned: 'refused',
  failed: 'failed',
  errored: 'failed',
  rolled_back: 'failed',
};

function askedRecord(
  { operationId, runtimeId, requester, workflowId }: Asked,
  { kind, name, project, environment, verdict, details = {} }: About,
  outcome: 'accepted' | 'denied',
): NewAuditRecord {
  const { digest, answer, policy } = verdict;
  return {
    actor: actorOf(requester),
    action: `${kind}.begin`,
    object: { kind: 'runtime', id: runtimeId, name },
    project,
    environment,
    outcome,
    reason: verdict.reason,
    origin: originOf(requester),
    policy: { digest, answer, policy },
    operation_id: operationId,
    workflow_id: workflowId,
    details,
  };
}
