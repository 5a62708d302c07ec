import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Requester } from '../../domain/deployment.ts';
import type { Principal } from '../../domain/principal.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the guard on every route that is not public. */
    principal: Principal | undefined;
  }
}

/** The principal whose key the request carries. */
export const Caller = createParamDecorator(
  (_: unknown, context: ExecutionContext): Principal =>
    callerOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** The principal of a request to a route that is not public. */
export function callerOf({ principal }: Pick<FastifyRequest, 'principal'>): Principal {
  if (!principal) throw new Error('A public route asks for the caller; it has none.');
  return principal;
}

/** The principal as records and messages carry it. */
export function requesterOf({ id, name, kind }: Principal): Requester {
  return { id, name, kind };
}
