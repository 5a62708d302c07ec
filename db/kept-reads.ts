import type { Changes } from './changes.ts';

/** What keeping needs to know of the announcements. */
export type Hearing = Pick<Changes, 'announced' | 'hearsNow'>;

interface Limits {
  /** The one not asked for longest makes room. */
  readonly mostEntries: number;
  /** Read again after this, whatever was announced. */
  readonly keptMs: number;
}

interface Entry<T> {
  readonly value: T;
  readonly readAt: number;
}

/**
 * What was read from the database and still holds, because every change of it is announced and its owner then calls
 * `drop`. Nothing is answered from here while the announcements are not surely heard. Nothing found is not kept.
 */
export class KeptReads<T> {
  readonly #hearing: Hearing;
  readonly #limits: Limits;
  readonly #entries = new Map<string, Entry<T>>();
  /** Readings under way whose result may be kept: none of them has begun before a change. */
  readonly #readings = new Map<string, Promise<T | undefined>>();

  constructor(hearing: Hearing, limits: Limits) {
    this.#hearing = hearing;
    this.#limits = limits;
    hearing.announced.on('began', () => this.#dropAll());
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What is kept under the key, without waiting; nothing when it has to be read. */
  peek(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || !this.#hearing.hearsNow()) return undefined;
    if (performance.now() - entry.readAt > this.#limits.keptMs) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Reads what is kept under no key yet; those who ask at the same time share one reading. */
  read(key: string, read: () => Promise<T | undefined>): Promise<T | undefined> {
    if (!this.#hearing.hearsNow()) return read();
    return this.#readings.get(key) ?? this.#begin(key, read);
  }

  /** Forgets what is kept under the key, and what is being read: it may have begun before the change. */
  drop(key: string): void {
    this.#entries.delete(key);
    this.#readings.delete(key);
  }

  async #begin(key: string, read: () => Promise<T | undefined>): Promise<T | undefined> {
    const readAt = performance.now();
    const reading = read();
    this.#readings.set(key, reading);
    try {
      const value = await reading;
      if (value !== undefined && this.#readings.get(key) === reading) this.#keep(key, { value, readAt });
      return value;
    } finally {
      if (this.#readings.get(key) === reading) this.#readings.delete(key);
    }
  }

  #keep(key: string, entry: Entry<T>): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size <= this.#limits.mostEntries) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  #dropAll(): void {
    this.#entries.clear();
    this.#readings.clear();
  }
}
