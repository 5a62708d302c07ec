import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { AdmissionRefusal } from '../domain/deployment.ts';
import type { Outcome, Resolution, Stage } from '../domain/operation.ts';
import type { Requester } from '../domain/requester.ts';

/** What the caller of a command hears at once: it has begun, perhaps waiting for an approval. */
export interface Admitted {
  readonly operationId: string;
  /** Of a deploy. */
  readonly deploymentId?: string;
  readonly runtimeId: string;
}

export interface DecideInput {
  readonly approvalId: string;
  /** Digest of what was on the screen; refused when the approval is about something else by now. */
  readonly digest?: string;
  readonly by: Requester;
  /** Who had delegated their decisions to `by`, with what they may; the first who fits is taken. */
  readonly inPlaceOf?: readonly Requester[];
  readonly decision: 'approve' | 'reject';
  readonly comment?: string;
}

/** Somebody takes their decision back, as long as nothing has been done yet. */
export interface WithdrawInput {
  readonly approvalId: string;
  readonly by: Requester;
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
  | 'not_an_approver'
  | 'approval_changed'
  | 'nothing_to_withdraw'
  | 'cannot_cancel_now'
  | 'does_not_need_attention'
  | 'another_operation';

export const admitUpdate = defineUpdate<Admitted, [{ operationId: string }]>('admit');
export const decideUpdate = defineUpdate<{ status: 'open' | 'approved' | 'rejected' }, [DecideInput]>(
  'decide',
);
export const withdrawUpdate = defineUpdate<{ status: 'open' | 'approved' | 'rejected' }, [WithdrawInput]>(
  'withdraw',
);
export const cancelUpdate = defineUpdate<{ stage: Stage }, [CancelInput]>('cancel');
export const resolveUpdate = defineUpdate<{ stage: Stage }, [ResolveInput]>('resolve');
export const stateQuery = defineQuery<DeployState>('state');
