import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../../domain/principal.ts';
import { begun } from '../http/answer.ts';
import { originOf } from '../http/audit-actor.ts';
import { IdempotencyKey } from '../http/idempotency.ts';
import { Requires } from '../http/permission.decorator.ts';
import { Caller } from '../http/request.ts';
import { IdPipe } from '../http/schema.pipe.ts';
import { DelegationListQuery, DelegationRequest } from './delegations.schemas.ts';
import { DelegationsService } from './delegations.service.ts';

const DelegationId = () => Param('delegation_id', new IdPipe('delegation'));

@Controller('v1/delegations')
export class DelegationsController {
  readonly #delegations: DelegationsService;

  constructor(delegations: DelegationsService) {
    this.#delegations = delegations;
  }

  @Post()
  @Requires('approval:decide')
  async create(
    @Caller() caller: Principal,
    @Body({ schema: DelegationRequest }) request: DelegationRequest,
    @IdempotencyKey() key: string | undefined,
    @Req() http: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return begun(reply, await this.#delegations.create({ caller, origin: originOf(http), request, key }));
  }

  @Get()
  @Requires('approval:read')
  list(@Caller() caller: Principal, @Query({ schema: DelegationListQuery }) query: DelegationListQuery) {
    return this.#delegations.list(caller, query);
  }

  @Get(':delegation_id')
  @Requires('approval:read')
  read(@Caller() caller: Principal, @DelegationId() delegationId: string) {
    return this.#delegations.read(caller, delegationId);
  }

  @Delete(':delegation_id')
  @HttpCode(204)
  @Requires('approval:read')
  async revoke(
    @Caller() caller: Principal,
    @DelegationId() delegationId: string,
    @Req() http: FastifyRequest,
  ) {
    await this.#delegations.revoke({ caller, origin: originOf(http), delegationId });
  }
}
