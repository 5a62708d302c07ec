import { sql } from 'kysely';
import type { Principal } from '../domain/principal.ts';
import type { Database, DatabaseLog } from './database.ts';

const EVERY_MS = 60_000;

/** Remembers which keys and principals came by, and writes that once a minute, all of a tenant in one statement. */
export class KeyUse {
  readonly #database: Pick<Database, 'forTenant'>;
  readonly #log: DatabaseLog | undefined;
  readonly #timer: NodeJS.Timeout;
  #seen = new Map<string, Principal>();

  constructor(database: Pick<Database, 'forTenant'>, { log }: { log?: DatabaseLog } = {}) {
    this.#database = database;
    this.#log = log;
    this.#timer = setInterval(() => void this.write(), EVERY_MS).unref();
  }

  /** This principal came with this credential just now. */
  saw(principal: Principal): void {
    const { kind, id } = principal.credential;
    this.#seen.set(kind === 'key' ? id : `${principal.tenantId}/${principal.id}`, principal);
  }

  /** Writes what was seen since the last time. What cannot be written is let go: the next minute tells it again. */
  async write(): Promise<void> {
    const seen = [...this.#seen.values()];
    this.#seen = new Map();
    for (const [tenantId, principals] of Map.groupBy(seen, ({ tenantId }) => tenantId)) {
      try {
        await this.#writeTenant(tenantId, principals);
      } catch (error) {
        this.#log?.warn({ err: error, tenant: tenantId }, 'when keys were used last could not be written');
      }
    }
  }

  /** Writes what is left and ends. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.write();
  }

  async #writeTenant(tenantId: string, principals: readonly Principal[]): Promise<void> {
    const ids = [...new Set(principals.map(({ id }) => id))];
    const keyIds = principals.flatMap(({ credential: { kind, id } }) => (kind === 'key' ? [id] : []));
    await sql`
      with keys as (
        update api_keys set last_used_at = date_trunc('minute', now()) where key_id = any(${keyIds}::text[])
      )
      update principals set last_seen_at = date_trunc('minute', now()) where id = any(${ids}::text[])`.execute(
      this.#database.forTenant(tenantId),
    );
  }
}
