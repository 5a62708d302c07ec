import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../../domain/principal.ts';
import { type ExpectedVersions, ifMatchVersions } from '../http/etag.ts';
import { idempotencyKey } from '../http/idempotency.ts';
import { callerOf } from '../http/request.ts';
import { IdPipe } from '../http/schema.pipe.ts';

/** What every change of a runtime says beside its body: who asks, of which runtime, under which key and condition. */
export interface ChangeCall {
  readonly caller: Principal;
  readonly runtimeId: string;
  readonly key: string | undefined;
  readonly ifVersions: ExpectedVersions;
}

const runtimeId = new IdPipe('runtime');

export const Call = createParamDecorator((_: unknown, context: ExecutionContext): ChangeCall => {
  const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { runtime_id: string } }>>();
  return {
    caller: callerOf(request),
    runtimeId: runtimeId.transform(request.params.runtime_id),
    key: idempotencyKey(request),
    ifVersions: ifMatchVersions(request),
  };
});
