import { Body, Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { IntentRequest } from '../../domain/planner.ts';
import { begun } from '../http/answer.ts';
import { Requires } from '../http/permission.decorator.ts';
import { IdPipe } from '../http/schema.pipe.ts';
import { Call, type ChangeCall } from './change-call.ts';
import { IntentsService } from './intents.service.ts';

@Controller('v1/runtimes/:runtime_id/intent')
export class IntentsController {
  readonly #intents: IntentsService;

  constructor(intents: IntentsService) {
    this.#intents = intents;
  }

  @Post()
  @HttpCode(202)
  @Requires('runtime:operate')
  async submit(
    @Call() call: ChangeCall,
    @Body({ schema: IntentRequest }) request: IntentRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return begun(reply, await this.#intents.submit(call, request));
  }

  @Get(':intent_id')
  @Requires('runtime:read')
  read(@Call() call: ChangeCall, @Param('intent_id', new IdPipe('intent')) intentId: string) {
    return this.#intents.read(call, intentId);
  }
}
