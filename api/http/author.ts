import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Author } from '../../db/author.ts';
import { auditActorOf, originOf } from './audit-actor.ts';
import { callerOf } from './request.ts';

/** Who changes a setting by this request, and from where, for its audit record. */
export const By = createParamDecorator((_: unknown, context: ExecutionContext): Author => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return { actor: auditActorOf(callerOf(request)), origin: originOf(request) };
});
