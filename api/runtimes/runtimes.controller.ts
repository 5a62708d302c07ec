import { Body, Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../../domain/principal.ts';
import { RuntimeCreateRequest } from '../../domain/runtime.ts';
import { begun } from '../http/answer.ts';
import { tagged } from '../http/etag.ts';
import { IdempotencyKey } from '../http/idempotency.ts';
import { Requires } from '../http/permission.decorator.ts';
import { Caller } from '../http/request.ts';
import { IdPipe } from '../http/schema.pipe.ts';
import { RuntimeListQuery } from './runtimes.schemas.ts';
import { RuntimesService } from './runtimes.service.ts';

const RuntimeId = () => Param('runtime_id', new IdPipe('runtime'));

@Controller('v1/runtimes')
export class RuntimesController {
  readonly #runtimes: RuntimesService;

  constructor(runtimes: RuntimesService) {
    this.#runtimes = runtimes;
  }

  @Post()
  @Requires('runtime:create')
  async create(
    @Caller() caller: Principal,
    @Body({ schema: RuntimeCreateRequest }) request: RuntimeCreateRequest,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return begun(reply, await this.#runtimes.create({ caller, request, key }));
  }

  @Get()
  @Requires('runtime:read')
  list(@Caller() caller: Principal, @Query({ schema: RuntimeListQuery }) query: RuntimeListQuery) {
    return this.#runtimes.list(caller, query);
  }

  @Get(':runtime_id')
  @Requires('runtime:read')
  async read(
    @Caller() caller: Principal,
    @RuntimeId() runtimeId: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const body = await this.#runtimes.read(caller, runtimeId);
    return tagged({ request, reply }, { version: body.version, body });
  }

  @Get(':runtime_id/status')
  @Requires('runtime:read')
  status(@Caller() caller: Principal, @RuntimeId() runtimeId: string) {
    return this.#runtimes.status(caller, runtimeId);
  }
}
