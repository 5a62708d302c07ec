import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { DecisionRequest } from '../../domain/approval.ts';
import type { Principal } from '../../domain/principal.ts';
import { begun } from '../http/answer.ts';
import { IdempotencyKey } from '../http/idempotency.ts';
import { Requires } from '../http/permission.decorator.ts';
import { Caller } from '../http/request.ts';
import { IdPipe } from '../http/schema.pipe.ts';
import { ApprovalListQuery } from './approvals.schemas.ts';
import { ApprovalsService } from './approvals.service.ts';

const ApprovalId = () => Param('approval_id', new IdPipe('approval'));

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
  read(@Caller() caller: Principal, @ApprovalId() approvalId: string) {
    return this.#approvals.read(caller, approvalId);
  }

  @Post(':approval_id/decision')
  @HttpCode(200)
  @Requires('approval:decide')
  async decide(
    @Caller() caller: Principal,
    @ApprovalId() approvalId: string,
    @Body({ schema: DecisionRequest }) request: DecisionRequest,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return begun(reply, await this.#approvals.decide({ caller, approvalId, request, key }));
  }
}
