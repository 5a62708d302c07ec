import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Author } from '../../db/author.ts';
import type { Principal } from '../../domain/principal.ts';
import { begun } from '../http/answer.ts';
import { By } from '../http/author.ts';
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
    @By() by: Author,
    @Body({ schema: DelegationRequest }) request: DelegationRequest,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return begun(reply, await this.#delegations.create({ caller, by, request, key }));
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
  async revoke(@Caller() caller: Principal, @By() by: Author, @DelegationId() delegationId: string) {
    await this.#delegations.revoke({ caller, by, delegationId });
  }
}
