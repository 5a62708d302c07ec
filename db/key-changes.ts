import type { ApiKey, ApiKeyRequest } from '../domain/api-key.ts';
import { findApiKey, insertApiKey, revokeApiKey } from './api-keys.ts';
import { appendAudit } from './audit.ts';
import type { Author } from './author.ts';
import { endKeyWithin, type RotatedKey } from './key-rotation.ts';
import type { TenantSql } from './tables.ts';

/** What a key is made of, and the installation it is of. */
export type NewKeyRequest = ApiKeyRequest & { readonly installation: string; readonly keyId?: string };

/** Makes a key and records it, within a transaction; the token is shown here and never again. */
export async function makeKey(
  db: TenantSql,
  request: NewKeyRequest,
  by: Author,
): Promise<{ readonly token: string; readonly key: ApiKey }> {
  const { token, keyId } = await insertApiKey(db, { createdBy: by.actor.id, ...request });
  const key = await findApiKey(db, keyId);
  if (!key) throw new Error(`The key ${keyId} was made and cannot be read; nothing was kept.`);
  await record(db, request.replaces === undefined ? 'key.create' : 'key.rotate', { key, by });
  return { token, key };
}

/** Why a key cannot be rotated now; nothing when it can. */
export function whyNotRotatable({ keyId, live, othersLive }: RotatedKey): string | undefined {
  if (!live) return `The key ${keyId} is revoked or expired. Make a new one instead.`;
  if (othersLive.length === 0) return undefined;
  return `Two keys of this rotation are in use already: ${keyId} and ${othersLive.join(', ')}. Revoke one of them first.`;
}

/** Makes a key in the place of one that can be rotated, which ends after a while, within the transaction that locked it. */
export async function replaceKey(
  db: TenantSql,
  old: RotatedKey,
  {
    by,
    oldEndsInSeconds,
    ...request
  }: Pick<NewKeyRequest, 'installation' | 'keyId' | 'expiresInSeconds' | 'createdBy'> & {
    readonly by: Author;
    readonly oldEndsInSeconds: number;
  },
): Promise<{ readonly token: string; readonly key: ApiKey }> {
  const { keyId: replaces, principalId, name, scopes, lifetimeSeconds } = old;
  const expiresInSeconds = request.expiresInSeconds ?? lifetimeSeconds ?? undefined;
  await endKeyWithin(db, { keyId: replaces, seconds: oldEndsInSeconds });
  const like = { principalId, name, replaces, ...(scopes && { scopes }) };
  return makeKey(db, { ...request, ...like, ...(expiresInSeconds && { expiresInSeconds }) }, by);
}

/** Makes a key useless and records it; answers whether there was such a key still in use. */
export async function dropKey(db: TenantSql, keyId: string, by: Author): Promise<boolean> {
  if (!(await revokeApiKey(db, keyId))) return false;
  const key = await findApiKey(db, keyId);
  if (key) await record(db, 'key.revoke', { key, by });
  return true;
}

async function record(
  db: TenantSql,
  action: string,
  { key, by }: { key: ApiKey; by: Author },
): Promise<void> {
  await appendAudit(db, {
    ...by,
    action,
    object: { kind: 'key', id: key.id, name: key.name },
    outcome: 'succeeded',
    details: {
      principal: key.principal_id,
      scopes: key.scopes?.join(', ') ?? null,
      expires_at: key.expires_at,
      replaces: key.replaces,
    },
  });
}
