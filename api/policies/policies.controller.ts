import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Author } from '../../db/author.ts';
import type { Principal } from '../../domain/principal.ts';
import { begun } from '../http/answer.ts';
import { By } from '../http/author.ts';
import { type ExpectedVersions, IfMatch, tagged } from '../http/etag.ts';
import { IdempotencyKey } from '../http/idempotency.ts';
import { Paging } from '../http/paging.ts';
import { Requires } from '../http/permission.decorator.ts';
import { Caller } from '../http/request.ts';
import { IdPipe } from '../http/schema.pipe.ts';
import { PolicyCreateRequest, PolicyListQuery } from './policies.schemas.ts';
import { PoliciesService } from './policies.service.ts';

const PolicyId = () => Param('policy_id', new IdPipe('policy'));

@Controller('v1/policies')
export class PoliciesController {
  readonly #policies: PoliciesService;

  constructor(policies: PoliciesService) {
    this.#policies = policies;
  }

  @Post()
  @Requires('policy:write')
  async create(
    @Caller() caller: Principal,
    @By() by: Author,
    @Body({ schema: PolicyCreateRequest }) request: PolicyCreateRequest,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return begun(reply, await this.#policies.create({ caller, by, request, key }));
  }

  @Get()
  @Requires('policy:read')
  list(@Caller() caller: Principal, @Query({ schema: PolicyListQuery }) query: PolicyListQuery) {
    return this.#policies.list(caller, query);
  }

  @Get(':policy_id')
  @Requires('policy:read')
  async read(
    @Caller() caller: Principal,
    @PolicyId() policyId: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const body = await this.#policies.read(caller, policyId);
    return tagged({ request, reply }, { version: body.version, body });
  }

  @Put(':policy_id')
  @Requires('policy:write')
  replace(
    @Caller() caller: Principal,
    @By() by: Author,
    @PolicyId() policyId: string,
    @Body({ schema: PolicyCreateRequest }) request: PolicyCreateRequest,
    @IfMatch() expected: ExpectedVersions,
  ) {
    return this.#policies.replace({ caller, by, policyId, request, expected });
  }

  @Get(':policy_id/versions')
  @Requires('policy:read')
  versions(
    @Caller() caller: Principal,
    @PolicyId() policyId: string,
    @Query({ schema: Paging }) query: Paging,
  ) {
    return this.#policies.versions(caller, { policyId, query });
  }

  @Delete(':policy_id')
  @HttpCode(204)
  @Requires('policy:write')
  async remove(
    @Caller() caller: Principal,
    @By() by: Author,
    @PolicyId() policyId: string,
    @IfMatch() expected: ExpectedVersions,
  ) {
    await this.#policies.remove(caller, { by, policyId, expected });
  }
}
