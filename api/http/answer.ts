import type { FastifyReply } from 'fastify';

/** What was begun, where it is, and whether it had been begun before. */
export interface Begun<T> {
  readonly body: T;
  readonly location?: string;
  readonly operationId?: string;
  readonly replayed: boolean;
}

/** Sets the headers that say where the work is, and answers the body. */
export function begun<T>(reply: FastifyReply, { body, location, operationId, replayed }: Begun<T>): T {
  if (location) void reply.header('location', location);
  if (operationId) void reply.header('operation-location', `/v1/operations/${operationId}`);
  if (replayed) void reply.header('idempotent-replayed', 'true');
  return body;
}
