import { sql } from 'kysely';
import type { Permission } from '../domain/principal.ts';
import type { TenantSql } from './tables.ts';

/** A key that is to be replaced, and what else of its chain is still in use. */
export interface RotatedKey {
  readonly keyId: string;
  readonly principalId: string;
  readonly name: string;
  readonly scopes: Permission[] | null;
  readonly live: boolean;
  /** For how long it was made to be good; nothing is without end. */
  readonly lifetimeSeconds: number | null;
  /** Other keys of its chain that are still good: the one it replaces, or one that replaces it. */
  readonly othersLive: string[];
}

/** Reads the key under a lock, so that two rotations at a time make one key; nothing when there is none of this id. */
export async function lockForRotation(db: TenantSql, keyId: string): Promise<RotatedKey | undefined> {
  // One lock for all keys of the principal: a chain may be entered at either end.
  await sql`select pg_advisory_xact_lock(hashtextextended(tenant_id || '/' || principal_id, 11))
    from api_keys where key_id = ${keyId}`.execute(db);
  const { rows } = await sql<RotatedKey>`
    with live as (
      select key_id, replaces from api_keys where revoked_at is null and coalesce(expires_at > now(), true)
    )
    select k.key_id as "keyId", k.principal_id as "principalId", k.name, k.scopes,
      k.key_id in (select key_id from live) as live,
      extract(epoch from k.expires_at - k.created_at)::int as "lifetimeSeconds",
      array(select key_id from live l where l.replaces = k.key_id or l.key_id = k.replaces) as "othersLive"
    from api_keys k where k.key_id = ${keyId}`.execute(db);
  return rows[0];
}

/** Lets a key end after this many seconds, unless it ends before. */
export async function endKeyWithin(
  db: TenantSql,
  { keyId, seconds }: { keyId: string; seconds: number },
): Promise<void> {
  const end = sql<Date>`least(expires_at, now() + make_interval(secs => ${seconds}))`;
  await db.updateTable('api_keys').set({ expires_at: end }).where('key_id', '=', keyId).execute();
}
