import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { DeploymentCreateRequest } from '../../domain/deployment.ts';
import type { Principal } from '../../domain/principal.ts';
import { begun } from '../http/answer.ts';
import { type ExpectedVersions, IfMatch } from '../http/etag.ts';
import { IdempotencyKey } from '../http/idempotency.ts';
import { Paging } from '../http/paging.ts';
import { Requires } from '../http/permission.decorator.ts';
import { Caller } from '../http/request.ts';
import { IdPipe } from '../http/schema.pipe.ts';
import { DeploymentsService } from './deployments.service.ts';

const RuntimeId = () => Param('runtime_id', new IdPipe('runtime'));

@Controller('v1')
export class DeploymentsController {
  readonly #deployments: DeploymentsService;

  constructor(deployments: DeploymentsService) {
    this.#deployments = deployments;
  }

  @Post('runtimes/:runtime_id/deployments')
  @HttpCode(202)
  @Requires('runtime:deploy')
  async create(
    @Caller() caller: Principal,
    @RuntimeId() runtimeId: string,
    @Body({ schema: DeploymentCreateRequest }) request: DeploymentCreateRequest,
    @IdempotencyKey() key: string | undefined,
    @IfMatch() ifVersions: ExpectedVersions,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return begun(reply, await this.#deployments.create({ caller, runtimeId, request, key, ifVersions }));
  }

  @Get('runtimes/:runtime_id/deployments')
  @Requires('runtime:read')
  list(
    @Caller() caller: Principal,
    @RuntimeId() runtimeId: string,
    @Query({ schema: Paging }) paging: Paging,
  ) {
    return this.#deployments.list(caller, runtimeId, paging);
  }

  @Get('deployments/:deployment_id')
  @Requires('runtime:read')
  read(@Caller() caller: Principal, @Param('deployment_id', new IdPipe('deployment')) deploymentId: string) {
    return this.#deployments.read(caller, deploymentId);
  }
}
