import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ActionPlanRequest } from '../../domain/planner.ts';
import { begun } from '../http/answer.ts';
import { Requires } from '../http/permission.decorator.ts';
import { ActionsService } from './actions.service.ts';
import { Call, type ChangeCall } from './change-call.ts';
import { ActionExecutionRequest } from './changes.schemas.ts';

@Controller('v1/runtimes/:runtime_id/actions')
export class ActionsController {
  readonly #actions: ActionsService;

  constructor(actions: ActionsService) {
    this.#actions = actions;
  }

  @Post('plan')
  @HttpCode(200)
  @Requires('runtime:read')
  plan(@Call() call: ChangeCall, @Body({ schema: ActionPlanRequest }) request: ActionPlanRequest) {
    return this.#actions.plan(call, request);
  }

  @Post('execute')
  @HttpCode(202)
  @Requires('runtime:operate')
  async execute(
    @Call() call: ChangeCall,
    @Body({ schema: ActionExecutionRequest }) request: ActionExecutionRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return begun(reply, await this.#actions.execute(call, request));
  }
}
