import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Author } from '../../db/author.ts';
import type { Principal } from '../../domain/principal.ts';
import { TenantId } from '../../domain/tenant.ts';
import { begun } from '../http/answer.ts';
import { By } from '../http/author.ts';
import { IdempotencyKey } from '../http/idempotency.ts';
import { NamePipe } from '../http/name.pipe.ts';
import { Paging } from '../http/paging.ts';
import { Requires } from '../http/permission.decorator.ts';
import { Caller } from '../http/request.ts';
import { TenantCreateRequest } from './tenants.schemas.ts';
import { TenantsService } from './tenants.service.ts';

const Tenant = () => Param('tenant_id', new NamePipe('tenant', TenantId));

@Controller('v1/tenants')
export class TenantsController {
  readonly #tenants: TenantsService;

  constructor(tenants: TenantsService) {
    this.#tenants = tenants;
  }

  @Post()
  @Requires('tenant:write')
  async create(
    @Caller() caller: Principal,
    @By() by: Author,
    @Body({ schema: TenantCreateRequest }) request: TenantCreateRequest,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return begun(reply, await this.#tenants.create({ caller, by, request, key }));
  }

  @Get()
  @Requires('tenant:read')
  list(@Caller() caller: Principal, @Query({ schema: Paging }) paging: Paging) {
    return this.#tenants.list(caller, paging);
  }

  @Get(':tenant_id')
  @Requires('tenant:read')
  read(@Caller() caller: Principal, @Tenant() tenantId: string) {
    return this.#tenants.read(caller, tenantId);
  }
}
