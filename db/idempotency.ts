import { sql } from 'kysely';
import type { TenantSql } from './tables.ts';

/** The ids a command gets, by what they are for; a repeated command gets the same ones again. */
export type ReservedIds = Readonly<Record<string, string>>;

export interface IdempotentCommand<Ids extends ReservedIds = ReservedIds> {
  readonly principalId: string;
  readonly key: string;
  readonly route: string;
  /** SHA-256 of the body, as text. */
  readonly bodyHash: string;
  readonly ids: Ids;
}

/** `new`: go on with these ids. `same`: the command was sent before, with these ids. `different`: the key was used for another one. */
export type Reservation<Ids extends ReservedIds = ReservedIds> =
  | { readonly answer: 'new' | 'same'; readonly ids: Ids }
  | { readonly answer: 'different' };

/** Keys are remembered for a day; after that the same key begins anew. */
const KEPT = `interval '24 hours'`;

/** How many outlived keys each new one takes away with it, so that the table does not grow for ever. */
const FORGOTTEN_AT_ONCE = 20;

/** Reserves the ids of a command under its `Idempotency-Key`, or answers what the key was used for before. */
export async function reserveIds<Ids extends ReservedIds>(
  db: TenantSql,
  command: IdempotentCommand<Ids>,
): Promise<Reservation<Ids>> {
  const row = (await reserve(db, command)) ?? (await reserve(db, command));
  if (row === undefined) {
    throw new Error(`The idempotency key of ${command.route} could not be reserved; send the request again.`);
  }
  if (row.route !== command.route || row.body_hash !== command.bodyHash) return { answer: 'different' };
  // A key of an earlier release may lack an id that the command has by now.
  return { answer: row.fresh ? 'new' : 'same', ids: { ...command.ids, ...row.ids } };
}

interface KeyRow {
  readonly fresh: boolean;
  readonly route: string;
  readonly body_hash: string;
  readonly ids: ReservedIds;
}

/** Keys of an earlier release have three columns instead. */
const IDS = sql`coalesce(ids, jsonb_strip_nulls(jsonb_build_object('operationId', operation_id,
  'deploymentId', deployment_id, 'runtimeId', runtime_id)))`;

// Empty when another transaction reserved the key after this statement began: the next statement sees it.
async function reserve(db: TenantSql, command: IdempotentCommand): Promise<KeyRow | undefined> {
  const { principalId, key, route, bodyHash, ids } = command;
  const { rows } = await sql<KeyRow>`
    with outlived as materialized (
      select principal_id, key from idempotency_keys
      where created_at < now() - ${sql.raw(KEPT)} and (principal_id, key) <> (${principalId}, ${key})
      order by created_at limit ${sql.raw(String(FORGOTTEN_AT_ONCE))} for update skip locked
    ), forgotten as (
      delete from idempotency_keys k using outlived o where (k.principal_id, k.key) = (o.principal_id, o.key)
    ), reserved as (
      insert into idempotency_keys as k (principal_id, key, route, body_hash, ids)
      values (${principalId}, ${key}, ${route}, ${bodyHash}, ${JSON.stringify(ids)}::jsonb)
      on conflict (tenant_id, principal_id, key) do update set route = excluded.route, body_hash = excluded.body_hash,
        ids = excluded.ids, created_at = excluded.created_at
      where k.created_at < now() - ${sql.raw(KEPT)}
      returning route, body_hash, ids
    )
    select true as fresh, * from reserved
    union all
    select false, route, body_hash, ${IDS} from idempotency_keys
    where principal_id = ${principalId} and key = ${key} and not exists (select from reserved)`.execute(db);
  return rows[0];
}
