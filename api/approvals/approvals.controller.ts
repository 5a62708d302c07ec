import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { DecisionRequest } from '../../domain/approval.ts';
import type { Principal } from '../../domain/principal.ts';
import { begun } from '../http/answer.ts';
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
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return begun(reply, await this.#approvals.decide({ caller, approvalId, request, key }));
  }

  @Post(':approval_id/withdrawal')
  @HttpCode(200)
  @Requires('approval:read')
  async withdraw(
    @Caller() caller: Principal,
    @ApprovalId() approvalId: string,
    @Body({ schema: WithdrawalRequest }) request: WithdrawalRequest,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return begun(reply, await this.#approvals.withdraw({ caller, approvalId, request, key }));
  }
}

function wantsMarkdown({ format }: ApprovalReadQuery, accept = ''): boolean {
  return format === undefined ? accept.includes('text/markdown') : format === 'markdown';
}
