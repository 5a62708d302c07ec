import { newApiKey } from '../../db/api-key-format.ts';
import { findApiKey, pageOfApiKeys } from '../../db/api-keys.ts';
import type { Author } from '../../db/author.ts';
import type { Database } from '../../db/database.ts';
import { dropKey, makeKey, replaceKey, whyNotRotatable } from '../../db/key-changes.ts';
import { lockForRotation } from '../../db/key-rotation.ts';
import { findPrincipal } from '../../db/principals.ts';
import type { TenantSql } from '../../db/tables.ts';
import type { ApiKey } from '../../domain/api-key.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Begun } from '../http/answer.ts';
import { claim } from '../http/idempotency.ts';
import { pageAnswer, pageRequest } from '../http/paging.ts';
import { notFound, ProblemError } from '../http/problem.ts';
import {
  mayTouchKeysOf,
  requireEverybodysKeys,
  requireKeysOf,
  requireNoMoreThanOwn,
  scopesFor,
} from './key-rights.ts';
import type { KeyCreateRequest, KeyListQuery, KeyRotateRequest, NewKey } from './keys.schemas.ts';

interface Parts {
  readonly database: Pick<Database, 'forTenant' | 'inTenant'>;
  /** Part of every key that is made. */
  readonly installation: string;
}

interface KeyCommand<T> {
  readonly caller: Principal;
  readonly by: Author;
  readonly request: T;
  readonly key: string | undefined;
}

/** Whoever made the key that makes this one may have kept both. */
function makerOf({ id, issuedBy }: Principal): string {
  return issuedBy ?? id;
}

type Made = Awaited<ReturnType<typeof makeKey>>;

/** API keys: one's own, and with `key:write` those of others. */
export class KeysService {
  readonly #database: Parts['database'];
  readonly #installation: string;

  constructor({ database, installation }: Parts) {
    this.#database = database;
    this.#installation = installation;
  }

  async list(caller: Principal, query: KeyListQuery) {
    const principalId = query.all === 'true' ? undefined : (query.principal_id ?? caller.id);
    if (principalId === undefined) requireEverybodysKeys(caller);
    else requireKeysOf(caller, principalId);
    const request = { principalId, ...pageRequest(query) };
    return pageAnswer(await pageOfApiKeys(this.#database.forTenant(caller.tenantId), request));
  }

  async read(caller: Principal, keyId: string): Promise<ApiKey> {
    return keyToTouch(this.#database.forTenant(caller.tenantId), { caller, keyId });
  }

  async create(command: KeyCommand<KeyCreateRequest>): Promise<Begun<NewKey>> {
    const { caller, by, request } = command;
    const principalId = request.principal_id ?? caller.id;
    requireKeysOf(caller, principalId);
    return this.#making('POST /v1/keys', command, async (sql, keyId) => {
      const principal = await findPrincipal(sql, principalId);
      if (!principal) throw notFound('principal', principalId);
      const scopes = scopesFor(caller, request.scopes);
      requireNoMoreThanOwn(caller, { principal, scopes });
      const { name, expires_in_seconds: expiresInSeconds } = request;
      const limits = { ...(scopes && { scopes }), ...(expiresInSeconds && { expiresInSeconds }) };
      const key = { keyId, installation: this.#installation, principalId, name, createdBy: makerOf(caller) };
      return makeKey(sql, { ...key, ...limits }, by);
    });
  }

  /** The new key takes the place of the old one, which lives on for a while so that both are good meanwhile. */
  async rotate(keyId: string, command: KeyCommand<KeyRotateRequest>): Promise<Begun<NewKey>> {
    const { caller, by, request } = command;
    return this.#making(`POST /v1/keys/${keyId}/rotate`, command, async (sql, newKeyId) => {
      const old = await lockForRotation(sql, keyId);
      const principal = old && (await findPrincipal(sql, old.principalId));
      if (!principal || !mayTouchKeysOf(caller, old.principalId)) throw notFound('key', keyId);
      const why = whyNotRotatable(old);
      if (why) throw new ProblemError('key_not_rotatable', why);
      requireNoMoreThanOwn(caller, { principal, scopes: old.scopes ?? undefined });
      const { expires_in_seconds: expiresInSeconds, old_ends_in_seconds: oldEndsInSeconds } = request;
      return replaceKey(sql, old, {
        keyId: newKeyId,
        installation: this.#installation,
        oldEndsInSeconds,
        ...(expiresInSeconds && { expiresInSeconds }),
        createdBy: makerOf(caller),
        by,
      });
    });
  }

  async revoke(caller: Principal, { keyId, by }: { keyId: string; by: Author }): Promise<void> {
    await this.#database.inTenant(caller.tenantId, async sql => {
      await keyToTouch(sql, { caller, keyId });
      await dropKey(sql, keyId, by);
    });
  }

  /** Idempotency key and API key are written together: a repeated request finds both or neither, and no secret. */
  async #making(
    route: string,
    { caller, key, request }: KeyCommand<unknown>,
    make: (sql: TenantSql, keyId: string) => Promise<Made>,
  ): Promise<Begun<NewKey>> {
    const ids = { keyId: newApiKey(this.#installation).keyId };
    return this.#database.inTenant(caller.tenantId, async sql => {
      const claimed = await claim({ forTenant: () => sql }, { caller, key, route, body: request, ids });
      const { keyId } = claimed.ids;
      const location = `/v1/keys/${keyId}`;
      if (claimed.replayed) {
        const made = await keyToTouch(sql, { caller, keyId });
        return { body: { ...made, token: null }, location, replayed: true };
      }
      const { key: made, token } = await make(sql, keyId);
      return { body: { ...made, token }, location, replayed: false };
    });
  }
}

async function keyToTouch(
  sql: TenantSql,
  { caller, keyId }: { caller: Principal; keyId: string },
): Promise<ApiKey> {
  const key = await findApiKey(sql, keyId);
  if (!key || !mayTouchKeysOf(caller, key.principal_id)) throw notFound('key', keyId);
  return key;
}
