import type { ApiHealth } from './health.schemas.ts';

/** Resolves when the part answers, rejects with the reason when it does not. */
export type Probe = () => Promise<unknown>;

const PROBE_TIMEOUT_MS = 2000;
/** Anyone may ask; the parts are asked at most this often. */
const REMEMBERED_MS = 1000;

/** Whether the parts behind the API answer. */
export class HealthService {
  readonly #parts: { readonly version: string; readonly database: Probe; readonly temporal: Probe };
  #asked: { readonly at: number; readonly answer: Promise<ApiHealth> } | undefined;

  constructor(parts: { version: string; database: Probe; temporal: Probe }) {
    this.#parts = parts;
  }

  read(): Promise<ApiHealth> {
    if (!this.#asked || Date.now() - this.#asked.at > REMEMBERED_MS)
      this.#asked = { at: Date.now(), answer: this.#ask() };
    return this.#asked.answer;
  }

  /** The database alone: without it nothing but health can be answered. */
  async isReady(): Promise<boolean> {
    return (await probe(this.#parts.database)).status === 'ok';
  }

  async #ask(): Promise<ApiHealth> {
    const [database, temporal] = await Promise.all([
      probe(this.#parts.database),
      probe(this.#parts.temporal),
    ]);
    const ok = database.status === 'ok' && temporal.status === 'ok';
    return { status: ok ? 'ok' : 'degraded', version: this.#parts.version, parts: { database, temporal } };
  }
}

async function probe(ask: Probe): Promise<ApiHealth['parts']['database']> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, PROBE_TIMEOUT_MS);
  });
  try {
    await Promise.race([ask(), timeout]);
    return { status: 'ok', detail: null };
  } catch {
    // Anyone may read this answer, so the reason stays in the log of whoever needs the part.
    return { status: 'unavailable', detail: 'it did not answer' };
  } finally {
    clearTimeout(timer);
  }
}
