import { sql } from 'kysely';
import type { TenantSql } from './tables.ts';

/** The ids a command gets; a repeated command gets the same ones again. */
export interface ReservedIds {
  readonly operationId: string;
  readonly deploymentId: string;
  readonly runtimeId: string;
}

export interface IdempotentCommand {
  readonly principalId: string;
  readonly key: string;
  readonly route: string;
  /** SHA-256 of the body, as text. */
  readonly bodyHash: string;
  readonly ids: ReservedIds;
}

/** `new`: go on with these ids. `same`: the command was sent before, with these ids. `different`: the key was used for another one. */
export type Reservation =
  | { readonly answer: 'new' | 'same'; readonly ids: ReservedIds }
  | { readonly answer: 'different' };

/** Keys are remembered for a day; after that the same key begins anew. */
const KEPT = `interval '24 hours'`;

/** Reserves the ids of a command under its `Idempotency-Key`, or answers what the key was used for before. */
export async function reserveIds(db: TenantSql, command: IdempotentCommand): Promise<Reservation> {
  const row = (await reserve(db, command)) ?? (await reserve(db, command));
  if (row === undefined) {
    throw new Error(`The idempotency key of ${command.route} could not be reserved; send the request again.`);
  }
  if (row.route !== command.route || row.body_hash !== command.bodyHash) return { answer: 'different' };
  const ids = { operationId: row.operation_id, deploymentId: row.deployment_id, runtimeId: row.runtime_id };
  return { answer: row.fresh ? 'new' : 'same', ids };
}

interface KeyRow {
  readonly fresh: boolean;
  readonly route: string;
  readonly body_hash: string;
  readonly operation_id: string;
  readonly deployment_id: string;
  readonly runtime_id: string;
}

// Empty when another transaction reserved the key after this statement began: the next statement sees it.
async function reserve(db: TenantSql, command: IdempotentCommand): Promise<KeyRow | undefined> {
  const { principalId, key, route, bodyHash, ids } = command;
  const { rows } = await sql<KeyRow>`
    with reserved as (
      insert into idempotency_keys as k (principal_id, key, route, body_hash, operation_id, deployment_id, runtime_id)
      values (${principalId}, ${key}, ${route}, ${bodyHash}, ${ids.operationId}, ${ids.deploymentId}, ${ids.runtimeId})
      on conflict (tenant_id, principal_id, key) do update set route = excluded.route, body_hash = excluded.body_hash,
        operation_id = excluded.operation_id, deployment_id = excluded.deployment_id,
        runtime_id = excluded.runtime_id, created_at = excluded.created_at
      where k.created_at < now() - ${sql.raw(KEPT)}
      returning route, body_hash, operation_id, deployment_id, runtime_id
    )
    select true as fresh, * from reserved
    union all
    select false, route, body_hash, operation_id, deployment_id, runtime_id from idempotency_keys
    where principal_id = ${principalId} and key = ${key} and not exists (select from reserved)`.execute(db);
  return rows[0];
}
