import type { Database } from '../db/database.ts';
import {
  type DecisionTaken,
  type DecisionWithdrawn,
  type StepRecord,
  writeDecision,
  writeNote,
  writeWithdrawal,
} from '../db/deploy-progress.ts';
import type { Decision } from '../domain/approval.ts';
import type { Requester } from '../domain/requester.ts';
import { actorOf, originOf } from './auditing.ts';
import { insistWritten, type RecordKey, withoutGaps } from './records.ts';

export interface DecisionRecord extends RecordKey {
  readonly approvalId: string;
  readonly by: Requester;
  /** Who had delegated the decision to them. */
  readonly inPlaceOf?: Requester;
  readonly decision: Decision['decision'];
  readonly comment?: string;
  /** ISO 8601, the workflow's clock. */
  readonly decidedAt: string;
}

/** Somebody took their decision back. */
export interface WithdrawalRecord extends RecordKey {
  readonly approvalId: string;
  readonly by: Requester;
  /** Whose decision it was: their own, or that of somebody they stand for. */
  readonly decidedBy: string;
  readonly comment?: string;
}

/** Somebody stepped in: stopped the operation, or said how it goes on. */
export interface InterventionRecord extends RecordKey {
  readonly by: Requester;
  readonly intervention: 'cancel' | 'resolve';
  readonly message: string;
}

/** What people say to a running operation, written down with its event and its audit record; safe to repeat. */
export interface PeopleActivities {
  recordDecision(input: DecisionRecord): Promise<void>;
  recordWithdrawal(input: WithdrawalRecord): Promise<void>;
  recordIntervention(input: InterventionRecord): Promise<void>;
}

/** Makes the records over the database. */
export function createPeopleActivities({ db }: { readonly db: Database }): PeopleActivities {
  return {
    recordDecision: async input => {
      const answer = await writeDecision(db.forTenant(input.tenantId), decisionTaken(input));
      insistWritten(answer, input);
    },
    recordWithdrawal: async input => {
      const answer = await writeWithdrawal(db.forTenant(input.tenantId), decisionWithdrawn(input));
      insistWritten(answer, input);
    },
    recordIntervention: async input => {
      const answer = await writeNote(db.forTenant(input.tenantId), intervened(input));
      insistWritten(answer, input);
    },
  };
}

function decisionTaken(input: DecisionRecord): DecisionTaken {
  const { operationId, step, by, decision, comment, approvalId, inPlaceOf } = input;
  const verb = decision === 'approve' ? 'approved' : 'rejected';
  const place = inPlaceOf ? ` in the place of ${inPlaceOf.name}` : '';
  const message = `${by.name} ${verb} it${place}${comment ? `: ${comment}` : ''}`;
  const severity = decision === 'approve' ? 'info' : 'warning';
  const data = withoutGaps({ approval_id: approvalId, decided_by: by.name, comment });
  const type = `approval.${decision}`;
  const event = {
    type,
    severity,
    actor: by.kind,
    principal: by.id,
    operationId,
    step,
    message,
    data,
    auditOf: 'operation',
    audit: {
      ...consentRecord(input),
      action: `approval.${decision}`,
      details: { runtime_id: input.runtimeId, in_place_of: inPlaceOf?.id ?? null, comment: comment ?? null },
    },
  } as const;
  return { ...input, event };
}

function decisionWithdrawn(input: WithdrawalRecord): DecisionWithdrawn {
  const { operationId, step, by, comment, approvalId } = input;
  const message = `${by.name} took the decision back${comment ? `: ${comment}` : ''}`;
  const event = {
    type: 'approval.withdrawn',
    severity: 'warning',
    actor: by.kind,
    principal: by.id,
    operationId,
    step,
    message,
    data: { approval_id: approvalId },
    auditOf: 'operation',
    audit: {
      ...consentRecord(input),
      action: 'approval.withdraw',
      details: { runtime_id: input.runtimeId, decided_by: input.decidedBy, comment: comment ?? null },
    },
  } as const;
  return { ...input, event };
}

function consentRecord({
  by,
  approvalId,
  operationId,
}: Pick<DecisionRecord, 'by' | 'approvalId' | 'operationId'>) {
  return {
    actor: actorOf(by),
    object: { kind: 'approval', id: approvalId, name: null },
    outcome: 'succeeded',
    origin: originOf(by),
    operation_id: operationId,
  } as const;
}

function intervened(input: InterventionRecord): StepRecord {
  const { operationId, runtimeId, step, by, intervention, message } = input;
  const event = {
    type: `operation.${intervention}`,
    severity: 'warning',
    actor: by.kind,
    principal: by.id,
    operationId,
    step,
    message,
    auditOf: 'operation',
    audit: {
      actor: actorOf(by),
      action: `operation.${intervention}`,
      object: { kind: 'operation', id: operationId, name: null },
      outcome: 'accepted',
      reason: message,
      origin: originOf(by),
      operation_id: operationId,
      details: { runtime_id: runtimeId },
    },
  } as const;
  return { operationId, step, event };
}
