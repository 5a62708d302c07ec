import type { Database } from '../../db/database.ts';
import { type Hearing, KeptReads } from '../../db/kept-reads.ts';
import { readStatusFacts } from '../../db/runtime-status.ts';
import type { RuntimeStatus } from '../../domain/health.ts';
import { type Heard, runtimeStatus, type StatusFacts } from '../../domain/rules/runtime-status.ts';

interface BoardParts {
  readonly database: Pick<Database, 'forTenant'>;
  readonly changes: Hearing;
  /** Age at which what the observer saw no longer counts. */
  readonly maxAgeSeconds: number;
}

interface RuntimeKey {
  readonly tenantId: string;
  readonly runtimeId: string;
}

/** Whose status is asked for, and whether whoever asks may see the project it is in. */
interface StatusQuestion extends RuntimeKey {
  readonly sees: (project: string) => boolean;
}

/** What is kept of one runtime; `beat` is the observer's newest one as this runtime was read. */
interface Kept {
  readonly facts: StatusFacts;
  readonly project: string;
  readonly beat: HeardBeat | undefined;
}

/** A beat by this process's own clock, which only runs forward. */
interface HeardBeat {
  readonly at: Date;
  readonly heardAt: number;
}

/** About 1 KiB each. */
const MOST_RUNTIMES = 20_000;
const KEPT_MS = 5 * 60_000;

/**
 * The status of every runtime that is asked for, kept in memory and read again only after a change of it was announced.
 * How old the observation is comes from the observer's announced beats, at the moment of the answer.
 */
export class StatusBoard {
  readonly #parts: BoardParts;
  readonly #kept: KeptReads<Kept>;
  #beat: HeardBeat | undefined;

  constructor(parts: BoardParts) {
    this.#parts = parts;
    this.#kept = new KeptReads(parts.changes, { mostEntries: MOST_RUNTIMES, keptMs: KEPT_MS });
    const { announced } = parts.changes;
    announced.on('event', ({ tenant, runtime }) => this.#drop(tenant, runtime));
    announced.on('health', ({ tenant, runtime }) => this.#drop(tenant, runtime));
    announced.on('beat', beat => {
      this.#beat = heardBeat(
        { at: new Date(beat.observedAt), ageSeconds: beat.ageSeconds },
        performance.now(),
      );
    });
    announced.on('began', () => {
      this.#beat = undefined;
    });
  }

  /** The status of a runtime of this tenant; nothing when the tenant has no such runtime that may be seen. */
  async read({ sees, ...runtime }: StatusQuestion): Promise<RuntimeStatus | undefined> {
    const key = keyOf(runtime);
    const kept = this.#kept.peek(key);
    const { facts, project, beat } = kept ?? (await this.#kept.read(key, () => this.#read(runtime))) ?? {};
    if (facts === undefined || project === undefined || !sees(project)) return undefined;
    return this.#status(facts, kept ? (this.#beat ?? beat) : beat);
  }

  async #read({ tenantId, runtimeId }: RuntimeKey): Promise<Kept | undefined> {
    const askedAt = performance.now();
    const reading = await readStatusFacts(this.#parts.database.forTenant(tenantId), runtimeId);
    if (reading === undefined) return undefined;
    const { facts, project, heard } = reading;
    return { facts, project, beat: heard && heardBeat(heard, askedAt) };
  }

  #status(facts: StatusFacts, beat: HeardBeat | undefined): RuntimeStatus {
    const heard = beat && { at: beat.at, ageSeconds: (performance.now() - beat.heardAt) / 1000 };
    return runtimeStatus(facts, { heard, maxAgeSeconds: this.#parts.maxAgeSeconds });
  }

  #drop(tenant: string, runtime: string | null): void {
    if (runtime !== null) this.#kept.drop(keyOf({ tenantId: tenant, runtimeId: runtime }));
  }
}

function heardBeat({ at, ageSeconds }: Heard, now: number): HeardBeat {
  return { at, heardAt: now - ageSeconds * 1000 };
}

function keyOf({ tenantId, runtimeId }: RuntimeKey): string {
  return `${tenantId}/${runtimeId}`;
}
