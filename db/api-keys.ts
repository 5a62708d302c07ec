import { timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import { type ApiKey, ApiKeyRequest } from '../domain/api-key.ts';
import { newId } from '../domain/ids.ts';
import type { Principal } from '../domain/principal.ts';
import { hashOfSecret, newApiKey, readApiKey } from './api-key-format.ts';
import type { Database } from './database.ts';
import type { TenantSql } from './tables.ts';

/** Whose key this is; nothing when it is mistyped, unknown, wrong, revoked or expired, all the same to the caller. */
export async function authenticate(
  db: Pick<Database, 'forKey'>,
  token: string,
): Promise<Principal | undefined> {
  const parts = readApiKey(token);
  if (parts === undefined) return undefined;
  const row = await db
    .forKey(parts.keyId)
    .selectFrom('api_keys')
    .select(['tenant_id', 'secret_hash', 'principal_id', 'name', 'kind', 'roles'])
    .select(sql<boolean>`revoked_at is null and (expires_at is null or expires_at > now())`.as('valid'))
    .where('key_id', '=', parts.keyId)
    .executeTakeFirst();
  const matches = timingSafeEqual(hashOfSecret(parts.secret), row?.secret_hash ?? NO_HASH);
  if (row === undefined || !matches || !row.valid) return undefined;
  return { id: row.principal_id, name: row.name, kind: row.kind, tenantId: row.tenant_id, roles: row.roles };
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
