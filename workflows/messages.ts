import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { AdmissionRefusal, Requester } from '../domain/deployment.ts';
import type { Outcome, Resolution, Stage } from '../domain/operation.ts';

/** What the caller of a command hears at once: it has begun, perhaps waiting for an approval. */
export interface Admitted {
  readonly operationId: string;
  /** Of a deploy. */
  readonly deploymentId?: string;
  readonly runtimeId: string;
  readonly approvalId?: string;
}

export interface DecideInput {
  readonly approvalId: string;
  readonly by: Requester;
  readonly decision: 'approve' | 'reject';
  readonly comment?: string;
}

export interface CancelInput {
  readonly operationId: string;
  readonly by: Requester;
  readonly reason?: string;
}

/** What a person says about an operation that needs attention. */
export interface ResolveInput {
  readonly operationId: string;
  readonly by: Requester;
  readonly resolution: Resolution;
  readonly comment?: string;
}

export interface DeployState {
  readonly operationId: string;
  readonly stage: Stage;
  readonly outcome?: Outcome;
  readonly waitsFor?: string;
}

/**
 * Type of the failure a refused message comes back with; its first detail is `{ code, message }`.
 * Admission refusals use the same type.
 */
export const REFUSED = 'Refused';

export type RefusalCode =
  | AdmissionRefusal
  | 'not_awaiting_approval'
  | 'approval_expired'
  | 'four_eyes'
  | 'already_decided'
  | 'cannot_cancel_now'
  | 'does_not_need_attention'
  | 'another_operation';

export const admitUpdate = defineUpdate<Admitted, [{ operationId: string }]>('admit');
export const decideUpdate = defineUpdate<{ status: 'open' | 'approved' | 'rejected' }, [DecideInput]>(
  'decide',
);
export const cancelUpdate = defineUpdate<{ stage: Stage }, [CancelInput]>('cancel');
export const resolveUpdate = defineUpdate<{ stage: Stage }, [ResolveInput]>('resolve');
export const stateQuery = defineQuery<DeployState>('state');
