import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import type { Principal } from '../../domain/principal.ts';
import { IdempotencyKey } from '../http/idempotency.ts';
import { Requires } from '../http/permission.decorator.ts';
import { Caller } from '../http/request.ts';
import {
  PolicyCheckRequest,
  PolicyExportQuery,
  PolicyReplayRequest,
  PolicyTestRequest,
} from './judgements.schemas.ts';
import { JudgementsService } from './judgements.service.ts';

/** Questions to the policies. They change nothing, so an Idempotency-Key is read and then not needed. */
@Controller('v1/policies')
export class JudgementsController {
  readonly #judgements: JudgementsService;

  constructor(judgements: JudgementsService) {
    this.#judgements = judgements;
  }

  @Post('check')
  @HttpCode(200)
  @Requires('policy:read')
  check(
    @Caller() caller: Principal,
    @Body({ schema: PolicyCheckRequest }) request: PolicyCheckRequest,
    @IdempotencyKey() _key: string | undefined,
  ) {
    return this.#judgements.check(caller, request);
  }

  @Post('test')
  @HttpCode(200)
  @Requires('policy:read')
  test(
    @Caller() caller: Principal,
    @Body({ schema: PolicyTestRequest }) request: PolicyTestRequest,
    @IdempotencyKey() _key: string | undefined,
  ) {
    return this.#judgements.test(caller, request);
  }

  @Post('replay')
  @HttpCode(200)
  @Requires('policy:read')
  replay(
    @Caller() caller: Principal,
    @Body({ schema: PolicyReplayRequest }) request: PolicyReplayRequest,
    @IdempotencyKey() _key: string | undefined,
  ) {
    return this.#judgements.replay(caller, request);
  }

  @Get('export')
  @Requires('policy:read')
  export(@Caller() caller: Principal, @Query({ schema: PolicyExportQuery }) query: PolicyExportQuery) {
    return this.#judgements.export(caller, query);
  }
}
