import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { snapshotWish, stopWish } from '../../domain/action-orders.ts';
import type { Wish } from '../../domain/change-operation.ts';
import { LifecycleRestoreRequest, LifecycleScaleRequest } from '../../domain/lifecycle.ts';
import type { Principal } from '../../domain/principal.ts';
import { begun } from '../http/answer.ts';
import { Paging } from '../http/paging.ts';
import { Requires } from '../http/permission.decorator.ts';
import { Caller } from '../http/request.ts';
import { IdPipe } from '../http/schema.pipe.ts';
import { Call, type ChangeCall } from './change-call.ts';
import {
  MigrateBody,
  RestartBody,
  type RestoreBody,
  SnapshotBody,
  StartBody,
  StopBody,
} from './changes.schemas.ts';
import { type ChangeRequest, ChangesService } from './changes.service.ts';

const Reply = () => Res({ passthrough: true });

@Controller('v1/runtimes/:runtime_id')
export class LifecycleController {
  readonly #changes: ChangesService;

  constructor(changes: ChangesService) {
    this.#changes = changes;
  }

  @Post('lifecycle/start')
  @HttpCode(202)
  @Requires('runtime:operate')
  start(
    @Call() call: ChangeCall,
    @Body({ schema: StartBody }) body: StartBody,
    @Reply() reply: FastifyReply,
  ) {
    return this.#begin(call, { reply, body, wish: { verb: 'start' } });
  }

  @Post('lifecycle/stop')
  @HttpCode(202)
  @Requires('runtime:operate')
  stop(@Call() call: ChangeCall, @Body({ schema: StopBody }) body: StopBody, @Reply() reply: FastifyReply) {
    return this.#begin(call, { reply, body, wish: stopWish(body) });
  }

  @Post('lifecycle/restart')
  @HttpCode(202)
  @Requires('runtime:operate')
  restart(
    @Call() call: ChangeCall,
    @Body({ schema: RestartBody }) body: RestartBody,
    @Reply() reply: FastifyReply,
  ) {
    return this.#begin(call, { reply, body, wish: { verb: 'restart' } });
  }

  @Post('lifecycle/scale')
  @HttpCode(202)
  @Requires('runtime:operate')
  scale(
    @Call() call: ChangeCall,
    @Body({ schema: LifecycleScaleRequest }) body: LifecycleScaleRequest,
    @Reply() reply: FastifyReply,
  ) {
    const { size, resources } = body;
    const to = { size, ...(resources && { resources }) };
    return this.#begin(call, { reply, body, wish: { verb: 'scale', to } });
  }

  @Post('lifecycle/snapshot')
  @HttpCode(202)
  @Requires('runtime:operate')
  snapshot(
    @Call() call: ChangeCall,
    @Body({ schema: SnapshotBody }) body: SnapshotBody,
    @Reply() reply: FastifyReply,
  ) {
    return this.#begin(call, { reply, body, wish: snapshotWish(body) });
  }

  @Post('lifecycle/restore')
  @HttpCode(202)
  @Requires('runtime:operate')
  restore(
    @Call() call: ChangeCall,
    @Body({ schema: LifecycleRestoreRequest }) body: RestoreBody,
    @Reply() reply: FastifyReply,
  ) {
    return this.#begin(call, { reply, body, wish: { verb: 'restore', snapshot: body.snapshot } });
  }

  @Post('lifecycle/migrate')
  @HttpCode(202)
  @Requires('runtime:operate')
  migrate(
    @Call() call: ChangeCall,
    @Body({ schema: MigrateBody }) body: MigrateBody,
    @Reply() reply: FastifyReply,
  ) {
    const { target_node: targetNode } = body;
    return this.#begin(call, { reply, body, wish: { verb: 'migrate', ...(targetNode && { targetNode }) } });
  }

  @Delete()
  @HttpCode(202)
  @Requires('runtime:delete')
  delete(@Call() call: ChangeCall, @Reply() reply: FastifyReply) {
    return this.#begin(call, { reply, body: {}, wish: { verb: 'delete' } });
  }

  @Get('snapshots')
  @Requires('runtime:read')
  snapshots(
    @Caller() caller: Principal,
    @Param('runtime_id', new IdPipe('runtime')) runtimeId: string,
    @Query({ schema: Paging }) paging: Paging,
  ) {
    return this.#changes.snapshots(caller, runtimeId, paging);
  }

  async #begin(call: ChangeCall, { reply, body, wish }: Asked) {
    const { verb: kind } = wish;
    const reason = 'reason' in body && typeof body.reason === 'string' ? body.reason : undefined;
    const orders = () => [{ action: null, wish }];
    return begun(reply, await this.#changes.begin({ ...call, route: kind, body, kind, orders, reason }));
  }
}

interface Asked {
  readonly reply: FastifyReply;
  readonly body: object;
  readonly wish: Wish & { readonly verb: ChangeRequest['kind'] };
}
