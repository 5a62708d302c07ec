import type { Database } from './database.ts';
import { type Hearing, KeptReads } from './kept-reads.ts';
import { findPrincipal, type KeptPrincipal } from './principals.ts';

/** Far more principals than call one process within a minute. */
const MOST_PRINCIPALS = 10_000;
const KEPT_MS = 60_000;

/** What principals may do, from memory where it was read lately and no change of it has been announced since. */
export class KnownPrincipals {
  readonly #database: Pick<Database, 'forTenant'>;
  readonly #kept: KeptReads<KeptPrincipal>;

  constructor(database: Pick<Database, 'forTenant'>, hearing: Hearing) {
    this.#database = database;
    this.#kept = new KeptReads(hearing, { mostEntries: MOST_PRINCIPALS, keptMs: KEPT_MS });
    hearing.announced.on('principal', ({ tenant, principal }) => this.#kept.drop(`${tenant}/${principal}`));
  }

  /** The principal as it is now; nothing when the tenant has none of this id. */
  async find(tenantId: string, principalId: string): Promise<KeptPrincipal | undefined> {
    const key = `${tenantId}/${principalId}`;
    const read = () => findPrincipal(this.#database.forTenant(tenantId), principalId);
    return this.#kept.peek(key) ?? (await this.#kept.read(key, read));
  }
}
