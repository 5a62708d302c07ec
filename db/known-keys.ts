import type { Principal } from '../domain/principal.ts';
import { readApiKey } from './api-key-format.ts';
import { findKey, type KnownKey, principalOf } from './api-keys.ts';
import type { Database } from './database.ts';
import { type Hearing, KeptReads } from './kept-reads.ts';

/** By this process's own clock, which only runs forward. */
type KeptKey = Omit<KnownKey, 'goodForMs'> & { readonly goodUntil: number };

/** Far more keys than call one process within a minute. */
const MOST_KEYS = 10_000;
const KEPT_MS = 60_000;

/**
 * Tells whose key a token is, from memory where the key was read lately and no change of it has been announced since.
 * A revoked key is refused as soon as its revocation is announced, or within a second when announcements stay away.
 */
export class KnownKeys {
  readonly #database: Pick<Database, 'forKey'>;
  readonly #kept: KeptReads<KeptKey>;

  constructor(database: Pick<Database, 'forKey'>, hearing: Hearing) {
    this.#database = database;
    this.#kept = new KeptReads(hearing, { mostEntries: MOST_KEYS, keptMs: KEPT_MS });
    hearing.announced.on('key', keyId => this.#kept.drop(keyId));
  }

  /** Whose key this is; nothing when it is mistyped, unknown, wrong, revoked or expired, all the same to the caller. */
  async authenticate(token: string): Promise<Principal | undefined> {
    const parts = readApiKey(token);
    if (parts === undefined) return undefined;
    const { keyId, secret } = parts;
    const key = this.#kept.peek(keyId) ?? (await this.#kept.read(keyId, () => this.#find(keyId)));
    const principal = principalOf(key, secret);
    return key !== undefined && key.goodUntil > performance.now() ? principal : undefined;
  }

  async #find(keyId: string): Promise<KeptKey | undefined> {
    const askedAt = performance.now();
    const key = await findKey(this.#database, keyId);
    return key && { ...key, goodUntil: askedAt + key.goodForMs };
  }
}
