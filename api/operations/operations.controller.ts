import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Principal } from '../../domain/principal.ts';
import { begun } from '../http/answer.ts';
import { IdempotencyKey } from '../http/idempotency.ts';
import { Leaving } from '../http/leaving.ts';
import { Requires } from '../http/permission.decorator.ts';
import { Caller } from '../http/request.ts';
import { IdPipe } from '../http/schema.pipe.ts';
import {
  CancelBody,
  type CancelRequest,
  OperationListQuery,
  OperationQuery,
  ResolveRequest,
} from './operations.schemas.ts';
import { OperationsService } from './operations.service.ts';

const OperationId = () => Param('operation_id', new IdPipe('operation'));
const RETRY_AFTER_SECONDS = 1;

@Controller('v1/operations')
export class OperationsController {
  readonly #operations: OperationsService;

  readonly #leaving: Leaving;

  constructor(operations: OperationsService, leaving: Leaving) {
    this.#operations = operations;
    this.#leaving = leaving;
  }

  @Get()
  @Requires('operation:read')
  list(@Caller() caller: Principal, @Query({ schema: OperationListQuery }) query: OperationListQuery) {
    return this.#operations.list(caller, query);
  }

  @Get(':operation_id')
  @Requires('operation:read')
  async read(
    @Caller() caller: Principal,
    @OperationId() operationId: string,
    @Query({ schema: OperationQuery }) { wait }: OperationQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const operation =
      wait === 0
        ? await this.#operations.read(caller, operationId)
        : await this.#operations.await({
            caller,
            operationId,
            seconds: wait,
            signal: this.#leaving.of(reply),
          });
    if (operation.finished_at === null) void reply.header('retry-after', RETRY_AFTER_SECONDS);
    return operation;
  }

  @Post(':operation_id/cancel')
  @HttpCode(202)
  @Requires('operation:cancel')
  async cancel(
    @Caller() caller: Principal,
    @OperationId() operationId: string,
    @Body({ schema: CancelBody }) request: CancelRequest,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return begun(reply, await this.#operations.cancel({ caller, operationId, request, key }));
  }

  @Post(':operation_id/resolve')
  @HttpCode(202)
  @Requires('operation:resolve')
  async resolve(
    @Caller() caller: Principal,
    @OperationId() operationId: string,
    @Body({ schema: ResolveRequest }) request: ResolveRequest,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return begun(reply, await this.#operations.resolve({ caller, operationId, request, key }));
  }
}
