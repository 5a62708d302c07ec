import { createHash } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Database } from '../../db/database.ts';
import { type ReservedIds, reserveIds } from '../../db/idempotency.ts';
import type { Principal } from '../../domain/principal.ts';
import { ProblemError } from './problem.ts';
import { invalidRequest } from './schema.pipe.ts';

export interface Command<Ids extends ReservedIds = ReservedIds> {
  readonly caller: Principal;
  readonly key: string | undefined;
  /** Method and address, with the ids in it: a key belongs to one of them. */
  readonly route: string;
  /** The request as it was understood; the same words in another order are the same request. */
  readonly body: unknown;
  readonly ids: Ids;
}

/** The ids to use, and whether the key was used before with the same request. */
export interface Claim<Ids extends ReservedIds = ReservedIds> {
  readonly ids: Ids;
  readonly replayed: boolean;
}

const KEY = /^[\x21-\x7e]{1,255}$/;

/** The header Idempotency-Key, or nothing. */
export const IdempotencyKey = createParamDecorator(
  (_: unknown, context: ExecutionContext): string | undefined =>
    idempotencyKey(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** Reads the header. */
export function idempotencyKey({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined || (typeof key === 'string' && KEY.test(key))) return key as string | undefined;
  throw invalidRequest('/headers', [
    { path: ['Idempotency-Key'], message: 'must be 1 to 255 visible ASCII characters' },
  ]);
}

/**
 * Reserves the ids under the caller's key before anything is begun. A crash after this leaves ids and no operation;
 * the repeated request begins it with the same ids. So does one whose first try was refused: the key is not used up.
 */
export async function claim<Ids extends ReservedIds>(
  database: Pick<Database, 'forTenant'>,
  command: Command<Ids>,
): Promise<Claim<Ids>> {
  const { caller, key, route, ids } = command;
  if (key === undefined) return { ids, replayed: false };
  const bodyHash = createHash('sha256').update(JSON.stringify(command.body)).digest('hex');
  const kept = await reserveIds(database.forTenant(caller.tenantId), {
    principalId: caller.id,
    key,
    route,
    bodyHash,
    ids,
  });
  if (kept.answer !== 'different') return { ids: kept.ids, replayed: kept.answer === 'same' };
  throw new ProblemError(
    'idempotency_key_reused',
    `The Idempotency-Key ${key} came with another request before. Use a new key for a new request.`,
  );
}

/** The id of the message sent to a workflow: a repeated one is answered, not carried out again. */
export function messageId({ caller, key }: { caller: Principal; key: string | undefined }): {
  updateId?: string;
} {
  return key === undefined
    ? {}
    : { updateId: createHash('sha256').update(`${caller.id} ${key}`).digest('hex') };
}
