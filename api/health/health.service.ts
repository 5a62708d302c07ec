import type { RuntimeKind } from '../../domain/runtime-kind.ts';
import type { Log } from '../../process/log.ts';
import type { ApiHealth } from './health.schemas.ts';

/** Resolves when the part answers, rejects with the reason when it does not. */
export type Probe = () => Promise<unknown>;

const PROBE_TIMEOUT_MS = 2000;
/** Anyone may ask; the parts are asked at most this often. */
const REMEMBERED_MS = 1000;

interface HealthParts {
  readonly version: string;
  readonly log: Log;
  readonly probes: Readonly<Record<Part, Probe>>;
  readonly kinds: () => Promise<readonly KindState[]>;
}

type Part = keyof ApiHealth['parts'];
type KindState = Pick<RuntimeKind, 'type' | 'available'>;

/** Whether the parts behind the API answer. */
export class HealthService {
  readonly #parts: HealthParts;
  readonly #away = new Set<Part>();
  #asked: { readonly at: number; readonly answer: Promise<ApiHealth> } | undefined;

  constructor(parts: HealthParts) {
    this.#parts = parts;
  }

  read(): Promise<ApiHealth> {
    if (!this.#asked || Date.now() - this.#asked.at > REMEMBERED_MS)
      this.#asked = { at: Date.now(), answer: this.#ask() };
    return this.#asked.answer;
  }

  /** The database alone: without it nothing but health can be answered. */
  async isReady(): Promise<boolean> {
    return (await this.#probe('database')).status === 'ok';
  }

  async #ask(): Promise<ApiHealth> {
    const [database, temporal, runtime_kinds] = await Promise.all([
      this.#probe('database'),
      this.#probe('temporal'),
      this.#kinds(),
    ]);
    const status = database.status === 'ok' && temporal.status === 'ok' ? 'ok' : 'degraded';
    return { status, version: this.#parts.version, parts: { database, temporal }, runtime_kinds };
  }

  /** A type is available when one of its adapters is. Without the database nothing is known, and its part says so. */
  async #kinds(): Promise<KindState[]> {
    const kinds = await withinTime(this.#parts.kinds).catch((): KindState[] => []);
    const types = [...new Set(kinds.map(({ type }) => type))];
    return types.map(type => ({ type, available: kinds.some(kind => kind.type === type && kind.available) }));
  }

  /** Anyone may read the answer, so the reason goes to the log alone, once each time a part goes away. */
  async #probe(part: Part): Promise<ApiHealth['parts'][Part]> {
    const { log, probes } = this.#parts;
    try {
      await withinTime(probes[part]);
      if (this.#away.delete(part)) log.info({ part }, `${part} answers again`);
      return { status: 'ok', detail: null };
    } catch (error) {
      if (!this.#away.has(part))
        log.warn({ err: error, part }, `${part} does not answer; health is degraded`);
      this.#away.add(part);
      return { status: 'unavailable', detail: 'it did not answer' };
    }
  }
}

async function withinTime<T>(ask: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const late = () => reject(new Error(`no answer within ${PROBE_TIMEOUT_MS} ms`));
    timer = setTimeout(late, PROBE_TIMEOUT_MS);
  });
  return Promise.race([ask(), timeout]).finally(() => clearTimeout(timer));
}
