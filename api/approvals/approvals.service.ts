import { findApproval, listApprovals } from '../../db/approvals.ts';
import type { Database } from '../../db/database.ts';
import type { Approval, DecisionRequest } from '../../domain/approval.ts';
import type { Principal } from '../../domain/principal.ts';
import { decideUpdate } from '../../workflows/messages.ts';
import type { Begun } from '../http/answer.ts';
import { pageAnswer, pageRequest } from '../http/paging.ts';
import { notFound, ProblemError } from '../http/problem.ts';
import { requesterOf } from '../http/request.ts';
import type { OperationMessages } from '../operations/operation-messages.ts';
import type { ApprovalListQuery } from './approvals.schemas.ts';

interface ApprovalParts {
  readonly database: Database;
  readonly messages: OperationMessages;
}

interface DecisionCommand {
  readonly caller: Principal;
  readonly approvalId: string;
  readonly request: DecisionRequest;
  readonly key: string | undefined;
}

/** Approvals of the caller’s tenant, and the decisions on them. */
export class ApprovalsService {
  readonly #parts: ApprovalParts;

  constructor(parts: ApprovalParts) {
    this.#parts = parts;
  }

  async read({ tenantId }: Principal, approvalId: string): Promise<Approval> {
    const approval = await findApproval(this.#parts.database.forTenant(tenantId), approvalId);
    if (!approval) throw notFound('approval', approvalId);
    return approval;
  }

  async list({ tenantId }: Principal, query: ApprovalListQuery) {
    const filter = { status: query.status, operationId: query.operation_id };
    return pageAnswer(
      await listApprovals(this.#parts.database.forTenant(tenantId), { filter, ...pageRequest(query) }),
    );
  }

  /** Takes the decision to the workflow; who decides is the key's principal, whatever the body says. */
  async decide({ caller, approvalId, request, key }: DecisionCommand): Promise<Begun<Approval>> {
    const before = await this.read(caller, approvalId);
    const { decision, comment } = request;
    const message = {
      caller,
      operationId: before.operation_id,
      key,
      route: `POST /v1/approvals/${approvalId}/decision`,
      body: request,
      update: decideUpdate,
      input: { approvalId, by: requesterOf(caller), decision, ...(comment !== undefined && { comment }) },
    };
    const { answer, replayed } = await this.#parts.messages.send(message).catch(async (error: unknown) => {
      if (!(error instanceof ProblemError) || error.code !== 'operation_finished') throw error;
      // Read again: it may have been closed while the decision was on its way.
      throw tooLate(await this.read(caller, approvalId), error);
    });
    const after = await this.read(caller, approvalId);
    // The workflow closes the approval right after its answer; the answer already says how.
    const status = after.status === 'open' && answer ? answer.status : after.status;
    return { body: { ...after, status }, replayed };
  }
}

/** The same words as the workflow has for it while it lives (workflows/parts/approval-gate.ts). */
function tooLate({ id, status, expires_at }: Approval, { extras }: ProblemError): ProblemError {
  if (status === 'expired')
    return new ProblemError('approval_expired', `Approval ${id} expired at ${expires_at}.`, extras);
  if (status === 'approved' || status === 'rejected')
    return new ProblemError('already_decided', `Approval ${id} is already ${status}.`, extras);
  return new ProblemError(
    'not_awaiting_approval',
    `Nobody waits for approval ${id} any more: its operation has ended.`,
    extras,
  );
}
