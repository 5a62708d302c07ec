import { timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import { type ApiKey, ApiKeyRequest } from '../domain/api-key.ts';
import { newId } from '../domain/ids.ts';
import type { Grant, Permission, Principal, Role } from '../domain/principal.ts';
import { hashOfSecret, newApiKey, readApiKey } from './api-key-format.ts';
import type { Database } from './database.ts';
import { type Page, type PageRequest, pageOf, rowsToRead, startOf } from './page.ts';
import { ensurePrincipal, GRANTS } from './principals.ts';
import type { TenantSql } from './tables.ts';

/** What is known of a key: whose it is, the hash its secret must have, and for how long it is good. */
export interface KnownKey {
  readonly principal: Principal;
  readonly secretHash: Buffer;
  /** Milliseconds until it expires, by the database's clock; zero or less when it is no longer good. */
  readonly goodForMs: number;
}

/** Reads what is known of a key and of whose it is; nothing when there is none of this id. */
export async function findKey(db: Pick<Database, 'forKey'>, keyId: string): Promise<KnownKey | undefined> {
  const { rows } = await sql<KeyRow>`
    select k.tenant_id, k.secret_hash, k.scopes, k.created_by, k.principal_id, p.name, p.kind, p.owner_id, p.groups, k.expires_at,
      case when p.disabled_at is not null then 0 else ${GOOD_FOR_MS} end as good_for_ms, ${GRANTS} as grants
    from api_keys k join principals p on p.tenant_id = k.tenant_id and p.id = k.principal_id
    where k.key_id = ${keyId}`.execute(db.forKey(keyId));
  const [row] = rows;
  return (
    row && { principal: principalOfRow(row, keyId), secretHash: row.secret_hash, goodForMs: row.good_for_ms }
  );
}

interface KeyRow {
  readonly tenant_id: string;
  readonly secret_hash: Buffer;
  readonly scopes: Permission[] | null;
  readonly created_by: string | null;
  readonly principal_id: string;
  readonly name: string;
  readonly kind: 'human' | 'agent';
  readonly owner_id: string | null;
  readonly groups: string[];
  readonly grants: Grant[];
  readonly expires_at: Date | null;
  readonly good_for_ms: number;
}

function principalOfRow(row: KeyRow, keyId: string): Principal {
  const { principal_id: id, grants, scopes, expires_at: expiresAt } = row;
  const issuer = row.created_by?.startsWith('prn_') && row.created_by !== id ? row.created_by : undefined;
  return {
    id,
    name: row.name,
    kind: row.kind,
    tenantId: row.tenant_id,
    roles: [...new Set(grants.map(({ role }) => role))],
    grants,
    groups: row.groups,
    personId: row.owner_id ?? id,
    ...(issuer !== undefined && { issuedBy: issuer }),
    ...(scopes && { scopes }),
    credential: { kind: 'key', id: keyId, ...(expiresAt && { expiresAt: expiresAt.toISOString() }) },
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

/** Makes a key of the tenant of this SQL, and whose it is when there is none yet; the token is shown here and never again. */
export async function insertApiKey(
  db: TenantSql,
  { installation, keyId: reserved, ...request }: ApiKeyRequest & { installation: string; keyId?: string },
): Promise<{ token: string; keyId: string; principalId: string }> {
  const asked = ApiKeyRequest.parse(request);
  const { name, principalId = newId('principal'), expiresInSeconds, scopes, replaces, createdBy } = asked;
  const { token, keyId, secret } = newApiKey(installation, reserved);
  await ensurePrincipal(db, { ...asked, id: principalId });
  await db
    .insertInto('api_keys')
    .values({
      key_id: keyId,
      secret_hash: hashOfSecret(secret),
      principal_id: principalId,
      name,
      scopes: scopes ?? null,
      replaces: replaces ?? null,
      created_by: createdBy ?? null,
      expires_at: expiresInSeconds === undefined ? null : new Date(Date.now() + expiresInSeconds * 1000),
    })
    .execute();
  return { token, keyId, principalId };
}

/** The tenant's keys, oldest first, revoked ones too. */
export async function listApiKeys(db: TenantSql): Promise<ApiKey[]> {
  const rows = await shownKeys(db).orderBy('k.created_at').orderBy('k.key_id').execute();
  return rows.map(shown);
}

/** One page of keys, newest first, revoked ones too: of one principal, or of the tenant. */
export async function pageOfApiKeys(
  db: TenantSql,
  { principalId, ...request }: PageRequest & { readonly principalId?: string | undefined },
): Promise<Page<ApiKey>> {
  const query = ['api-keys', principalId];
  const after = startOf(request, query);
  // Key ids are made by chance, so they cannot be the order.
  const behind = sql<boolean>`(k.created_at, k.key_id) < (select created_at, key_id from api_keys where key_id = ${after})`;
  const rows = await shownKeys(db)
    .$if(principalId !== undefined, keys => keys.where('k.principal_id', '=', principalId ?? ''))
    .$if(after !== undefined, keys => keys.where(behind))
    .orderBy('k.created_at', 'desc')
    .orderBy('k.key_id', 'desc')
    .limit(rowsToRead(request))
    .execute();
  return pageOf(rows.map(shown), { request, query });
}

/** Reads one key; nothing when the tenant has none of this id. */
export async function findApiKey(db: TenantSql, keyId: string): Promise<ApiKey | undefined> {
  const row = await shownKeys(db).where('k.key_id', '=', keyId).executeTakeFirst();
  return row && shown(row);
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

function shownKeys(db: TenantSql) {
  return db
    .selectFrom('api_keys as k')
    .innerJoin('principals as p', 'p.id', 'k.principal_id')
    .select(['k.key_id as id', 'k.tenant_id', 'k.principal_id', 'k.name', 'p.kind', 'k.scopes', 'k.replaces'])
    .select(['k.expires_at', 'k.revoked_at', 'k.last_used_at', 'k.created_at'])
    .select(ROLES.as('roles'));
}

function shown(row: Awaited<ReturnType<ReturnType<typeof shownKeys>['execute']>>[number]): ApiKey {
  return {
    ...row,
    expires_at: row.expires_at?.toISOString() ?? null,
    revoked_at: row.revoked_at?.toISOString() ?? null,
    last_used_at: row.last_used_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  };
}

const ROLES = sql<Role[]>`array(select unnest(p.claimed_roles) union select g.role from role_grants g
  where g.principal_id = k.principal_id order by 1)`;

const NO_HASH = Buffer.alloc(32);
const GOOD_FOR_MS = sql<number>`case when k.revoked_at is not null then 0
  else coalesce(extract(epoch from k.expires_at - now()) * 1000, 'infinity')::float8 end`;
