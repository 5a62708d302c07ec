import { type FullApproval, findFullApproval, listApprovals } from '../../db/approvals.ts';
import { findApprovers } from '../../db/approvers.ts';
import type { Database } from '../../db/database.ts';
import type { Approval, DecisionRequest } from '../../domain/approval.ts';
import type { Approver } from '../../domain/approver.ts';
import { involvedIn } from '../../domain/given-answer.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Answer } from '../../domain/rules/approval.ts';
import { demandInWords } from '../../domain/rules/demand-in-words.ts';
import { decideUpdate, withdrawUpdate } from '../../workflows/messages.ts';
import type { Begun } from '../http/answer.ts';
import { pageAnswer, pageRequest } from '../http/paging.ts';
import { notFound, ProblemError } from '../http/problem.ts';
import { requireInProject } from '../http/project-access.ts';
import { requesterOf } from '../http/request.ts';
import { temporalProblem } from '../http/temporal-problem.ts';
import type { OperationMessage, OperationMessages } from '../operations/operation-messages.ts';
import type { ApprovalDetail, ApprovalListQuery, WithdrawalRequest } from './approvals.schemas.ts';
import {
  type Entitlement,
  entitlementOf,
  isEntitled,
  type Judged,
  outlookOf,
  progressNow,
} from './judging.ts';
import { listWaitingFor } from './waiting-for.ts';

interface ApprovalParts {
  readonly database: Pick<Database, 'forTenant' | 'inTenant'>;
  readonly messages: OperationMessages;
}

interface ApprovalCommand<Body> {
  readonly caller: Principal;
  readonly approvalId: string;
  readonly request: Body;
  readonly key: string | undefined;
}

type Status = Approval['status'];

/** Approvals of the caller’s tenant, and the decisions on them. */
export class ApprovalsService {
  readonly #parts: ApprovalParts;

  constructor(parts: ApprovalParts) {
    this.#parts = parts;
  }

  /** The approval, who of those who must agree has, and what the caller may do about it. */
  async read(caller: Principal, approvalId: string): Promise<ApprovalDetail> {
    const full = await this.#find(caller, approvalId);
    const { approval, project } = full;
    const approvers = await this.#approvers(caller, full);
    const entitlement = entitlementOf(caller, project, approvers);
    const judged = judgedOf(full);
    const progress = approval.status === 'open' ? progressNow(judged, approvers) : undefined;
    return {
      ...approval,
      project,
      progress:
        progress?.map(({ demand, agreed, missing }) => ({
          demand,
          wanted: demandInWords(demand),
          agreed: agreed.map(inWords),
          missing,
        })) ?? null,
      you: yours({ caller, approval, project, entitlement }, outlookOf(entitlement, judged, approvers)),
    };
  }

  async list(caller: Principal, query: ApprovalListQuery) {
    const db = this.#parts.database.forTenant(caller.tenantId);
    if (query.view === 'mine') return pageAnswer(await listWaitingFor(db, caller, query));
    const open = query.view === undefined ? undefined : query.view === 'open';
    const filter = { open, status: query.status, operationId: query.operation_id };
    return pageAnswer(await listApprovals(db, { filter, ...pageRequest(query) }));
  }

  /** Takes the decision to the workflow; who decides, and in whose place, is told by the key or token, never by the body. */
  async decide(command: ApprovalCommand<DecisionRequest>): Promise<Begun<Approval>> {
    const { caller, approvalId, request } = command;
    const full = await this.#find(caller, approvalId);
    const { by, inPlaceOf } = await this.#mustBeEntitled(caller, full);
    // The timer that closes it fires in the workflow, which takes messages first when it has been away.
    if (hasExpired(full.approval)) throw expired(full.approval);
    const { decision, comment, digest } = request;
    const input = {
      approvalId,
      by,
      inPlaceOf,
      decision,
      ...(comment !== undefined && { comment }),
      ...(digest !== undefined && { digest }),
    };
    const route = `POST /v1/approvals/${approvalId}/decision`;
    return this.#send(command, full, { route, update: decideUpdate, input });
  }

  /** Takes one’s decision back, or the one that somebody gave in one’s place. */
  async withdraw(command: ApprovalCommand<WithdrawalRequest>): Promise<Begun<Approval>> {
    const { caller, approvalId, request } = command;
    const full = await this.#find(caller, approvalId);
    const { comment } = request;
    const input = { approvalId, by: requesterOf(caller), ...(comment !== undefined && { comment }) };
    const route = `POST /v1/approvals/${approvalId}/withdrawal`;
    return this.#send(command, full, { route, update: withdrawUpdate, input });
  }

  async #send<Input>(
    { caller, approvalId, key, request: body }: ApprovalCommand<unknown>,
    { approval: { operation_id: operationId } }: FullApproval,
    message: Pick<OperationMessage<{ readonly status: Status }, Input>, 'route' | 'update' | 'input'>,
  ): Promise<Begun<Approval>> {
    const sent = this.#parts.messages.send({ caller, operationId, key, body, ...message });
    const { answer, replayed } = await sent.catch(async (error: unknown) => {
      const refused = error instanceof ProblemError ? error : temporalProblem(error);
      if (!refused || !NOBODY_WAITS.includes(refused.code)) throw error;
      // Read again: it may have been closed while the message was on its way.
      throw tooLate((await this.#find(caller, approvalId)).approval, refused);
    });
    const after = (await this.#find(caller, approvalId)).approval;
    // The workflow closes the approval right after its answer; the answer already says how.
    const status = after.status === 'open' && answer ? answer.status : after.status;
    return { body: { ...after, status }, replayed };
  }

  async #mustBeEntitled(caller: Principal, full: FullApproval): Promise<Entitlement> {
    requireInProject(full.project);
    const approvers = await findApprovers(this.#parts.database.forTenant(caller.tenantId), [caller.id]);
    const entitlement = entitlementOf(caller, full.project, approvers);
    if (isEntitled(entitlement)) return entitlement;
    throw new ProblemError('permission_missing', notEntitled(caller, full.project));
  }

  async #find({ tenantId }: Principal, approvalId: string): Promise<FullApproval> {
    const approval = await findFullApproval(this.#parts.database.forTenant(tenantId), approvalId);
    if (!approval) throw notFound('approval', approvalId);
    return approval;
  }

  #approvers({ id, tenantId }: Principal, { answers }: FullApproval): Promise<Approver[]> {
    return findApprovers(this.#parts.database.forTenant(tenantId), [id, ...involvedIn(answers)]);
  }
}

function judgedOf({ approval, ...more }: FullApproval): Judged {
  const { requester_id: requesterId, demands, digest } = approval;
  return { ...more, requesterId, demands, digest };
}

function inWords({ by, inPlaceOf }: Answer): string {
  return inPlaceOf ? `${by.name} in the place of ${inPlaceOf.name}` : by.name;
}

function notEntitled({ name }: Principal, project: string): string {
  return `${name} needs the permission approval:decide in the project ${project}, or a delegation by somebody who has it`;
}

function yours(
  {
    caller,
    approval,
    project,
    entitlement,
  }: { caller: Principal; approval: Approval; project: string; entitlement: Entitlement },
  outlook: ReturnType<typeof outlookOf>,
): ApprovalDetail['you'] {
  const no = (code: string, message: string) => ({
    may_decide: false,
    in_place_of: null,
    why_not: { code, message },
  });
  if (approval.status !== 'open')
    return no('not_awaiting_approval', `the approval is ${approval.status} and waits for nobody any more`);
  if (hasExpired(approval)) return no('approval_expired', `the approval expired at ${approval.expires_at}`);
  if (!isEntitled(entitlement)) return no('permission_missing', notEntitled(caller, project));
  if ('code' in outlook) return no(outlook.code, outlook.message);
  return { may_decide: true, in_place_of: outlook.inPlaceOf, why_not: null };
}

const NOBODY_WAITS: readonly string[] = ['operation_finished', 'not_awaiting_approval'];

/** The same words as the workflow has for it while it lives (workflows/parts/approval-gate.ts). */
function tooLate(approval: Approval, { extras, ...refused }: ProblemError): ProblemError {
  const { id, status, operation_id } = approval;
  if (status === 'expired' || hasExpired(approval)) return expired(approval, extras);
  if (status === 'open') return notYet(approval);
  if (status === 'approved' || status === 'rejected')
    return new ProblemError('already_decided', `Approval ${id} is already ${status}.`, extras);
  if (status === 'void')
    return new ProblemError(
      'approval_changed',
      `Approval ${id} is void: it is not what would be done any more. GET /v1/approvals?operation_id=${operation_id} has what took its place, if anything did.`,
      extras,
    );
  const why = refused.code === 'operation_finished' ? ': its operation has ended' : '';
  return new ProblemError('not_awaiting_approval', `Nobody waits for approval ${id} any more${why}.`, extras);
}

/** Whether its time is over, closed or not. */
function hasExpired({ status, expires_at }: Approval): boolean {
  return status === 'open' && Date.parse(expires_at) <= Date.now();
}

function expired({ id, expires_at }: Approval, extras: ProblemError['extras'] = {}): ProblemError {
  return new ProblemError('approval_expired', `Approval ${id} expired at ${expires_at}.`, extras);
}

/** It is open, and the workflow, which has lost its worker, has not come to the question again. */
function notYet({ id }: Approval): ProblemError {
  return new ProblemError(
    'temporal_unavailable',
    `Approval ${id} is open, but its operation is just being brought back and cannot take decisions yet. Repeat the request in a moment.`,
    { headers: { 'retry-after': '1' } },
  );
}
