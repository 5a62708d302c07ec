import { timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import { type ApiKey, ApiKeyRequest } from '../domain/api-key.ts';
import { newId } from '../domain/ids.ts';
import type { Principal } from '../domain/principal.ts';
import { hashOfSecret, newApiKey, readApiKey } from './api-key-format.ts';
import type { Database } from './database.ts';
import type { TenantSql } from './tables.ts';

/** What is known of a key: whose it is, the hash its secret must have, and for how long it is good. */
export interface KnownKey {
  readonly principal: Principal;
  readonly secretHash: Buffer;
  /** Milliseconds until it expires, by the database's clock; zero or less when it is no longer good. */
  readonly goodForMs: number;
}

/** Reads what is known of a key; nothing when there is none of this id. */
export async function findKey(db: Pick<Database, 'forKey'>, keyId: string): Promise<KnownKey | undefined> {
  const row = await db
    .forKey(keyId)
    .selectFrom('api_keys')
    .select(['tenant_id', 'secret_hash', 'principal_id', 'name', 'kind', 'roles'])
    .select(GOOD_FOR_MS.as('good_for_ms'))
    .where('key_id', '=', keyId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { principal_id: id, name, kind, tenant_id: tenantId, roles } = row;
  return {
    principal: { id, name, kind, tenantId, roles },
    secretHash: row.secret_hash,
    goodForMs: row.good_for_ms,
  };
}

/** Whose key this is, if its secret has the right hash; as long a look at a key that is not there as at one that is. */
export function principalOf(key: Pick<KnownKey, 'principal' | 'secretHash'> | undefined, secret: string) {
  const matches = timingSafeEqual(hashOfSecret(secret), key?.secretHash ?? NO_HASH);
  return matches ? key?.principal : undefined;
}

/** Whose key this is; nothing when it is mistyped, unknown, wrong, revoked or expired, all the same to the caller. */
export async function authenticate(
  db: Pick<Database, 'forKey'>,
  token: string,
): Promise<Principal | undefined> {
  const parts = readApiKey(token);
  if (parts === undefined) return undefined;
  const key = await findKey(db, parts.keyId);
  const principal = principalOf(key, parts.secret);
  return key !== undefined && key.goodForMs > 0 ? principal : undefined;
}

/** Makes a key of the tenant of this SQL; the token is shown here and never again. */
export async function insertApiKey(
  db: TenantSql,
  { installation, ...request }: ApiKeyRequest & { installation: string },
): Promise<{ token: string; keyId: string; principalId: string }> {
  const {
    name,
    roles,
    kind,
    principalId = newId('principal'),
    expiresInSeconds,
  } = ApiKeyRequest.parse(request);
  const { token, keyId, secret } = newApiKey(installation);
  await db
    .insertInto('api_keys')
    .values({
      key_id: keyId,
      secret_hash: hashOfSecret(secret),
      principal_id: principalId,
      name,
      kind,
      roles,
      expires_at: expiresInSeconds === undefined ? null : new Date(Date.now() + expiresInSeconds * 1000),
    })
    .execute();
  return { token, keyId, principalId };
}

/** The tenant's keys, oldest first, revoked ones too. */
export async function listApiKeys(db: TenantSql): Promise<ApiKey[]> {
  const rows = await db
    .selectFrom('api_keys')
    .select(['key_id', 'tenant_id', 'principal_id', 'name', 'kind', 'roles'])
    .select(['expires_at', 'revoked_at', 'created_at'])
    .orderBy('created_at')
    .orderBy('key_id')
    .execute();
  return rows.map(row => ({
    ...row,
    expires_at: row.expires_at?.toISOString() ?? null,
    revoked_at: row.revoked_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  }));
}

/** Makes a key useless from the next request on; answers whether there was such a key still in use. */
export async function revokeApiKey(db: TenantSql, keyId: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('api_keys')
    .set({ revoked_at: sql<Date>`now()` })
    .where('key_id', '=', keyId)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

const NO_HASH = Buffer.alloc(32);
const GOOD_FOR_MS = sql<number>`case when revoked_at is not null then 0
  else coalesce(extract(epoch from expires_at - now()) * 1000, 'infinity')::float8 end`;
