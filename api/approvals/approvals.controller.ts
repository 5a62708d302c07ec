import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DecisionRequest } from '../../domain/approval.ts';
import type { Principal } from '../../domain/principal.ts';
import { begun } from '../http/answer.ts';
import { originOf } from '../http/audit-actor.ts';
import { IdempotencyKey } from '../http/idempotency.ts';
import { Requires } from '../http/permission.decorator.ts';
import { Caller } from '../http/request.ts';
import { IdPipe } from '../http/schema.pipe.ts';
import { ApprovalListQuery, ApprovalReadQuery, WithdrawalRequest } from './approvals.schemas.ts';
import { ApprovalsService } from './approvals.service.ts';
import { cardText } from './card.ts';

const ApprovalId = () => Param('approval_id', new IdPipe('approval'));

/** Whoever may read an approval may have a say in it: by a right of their own or, looked up in the service, by delegation. */
@Controller('v1/approvals')
export class ApprovalsController {
  readonly #approvals: ApprovalsService;

  constructor(approvals: ApprovalsService) {
    this.#approvals = approvals;
  }

  @Get()
  @Requires('approval:read')
  list(@Caller() caller: Principal, @Query({ schema: ApprovalListQuery }) query: ApprovalListQuery) {
    return this.#approvals.list(caller, query);
  }

  @Get(':approval_id')
  @Requires('approval:read')
  async read(
    @Caller() caller: Principal,
    @ApprovalId() approvalId: string,
    @Query({ schema: ApprovalReadQuery }) query: ApprovalReadQuery,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const approval = await this.#approvals.read(caller, approvalId);
    void reply.header('vary', 'accept');
    if (!wantsMarkdown(query, accept)) return approval;
    void reply.header('content-type', 'text/markdown; charset=utf-8');
    return cardText(approval);
  }

  @Post(':approval_id/decision')
  @HttpCode(200)
  @Requires('approval:read')
  async decide(
    @Caller() caller: Principal,
    @ApprovalId() approvalId: string,
    @Body({ schema: DecisionRequest }) request: DecisionRequest,
    @IdempotencyKey() key: string | undefined,
    @Req() http: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const command = { caller, origin: whence(http), approvalId, request, key };
    return begun(reply, await this.#approvals.decide(command));
  }

  @Post(':approval_id/withdrawal')
  @HttpCode(200)
  @Requires('approval:read')
  async withdraw(
    @Caller() caller: Principal,
    @ApprovalId() approvalId: string,
    @Body({ schema: WithdrawalRequest }) request: WithdrawalRequest,
    @IdempotencyKey() key: string | undefined,
    @Req() http: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const command = { caller, origin: whence(http), approvalId, request, key };
    return begun(reply, await this.#approvals.withdraw(command));
  }
}

function wantsMarkdown({ format }: ApprovalReadQuery, accept = ''): boolean {
  return format === undefined ? accept.includes('text/markdown') : format === 'markdown';
}

function whence(request: FastifyRequest) {
  const { address, request_id: requestId } = originOf(request);
  return { address, requestId };
}
