import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { type DatabaseLog, placeOf } from './database.ts';
import { CHANGES_CHANNEL } from './events.ts';

/** What to hear about: one operation, one runtime, or everything of a tenant. */
export interface Subject {
  readonly tenant: string;
  readonly operation?: string;
  readonly runtime?: string;
}

export interface Patience {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** `changed` means: read again. It may come without a change, never the other way round. */
export type Heard = 'changed' | 'timeout' | 'aborted';

/** Remembers a change that comes between two calls of `next`, so nothing is missed while its owner reads. */
export interface Subscription {
  next(patience: Patience): Promise<Heard>;
  close(): void;
}

/** Hears of every event written by any process, over one connection that listens. */
export interface Changes {
  subscribe(subject: Subject): Subscription;
  waitFor(subject: Subject, patience: Patience): Promise<Heard>;
  close(): Promise<void>;
}

/** Starts to listen; when the connection breaks it is made again, and everybody who waits is told to read again. */
export function openChanges(url: string, { log }: { log?: DatabaseLog } = {}): Changes {
  const hub = new Hub();
  const stopping = new AbortController();
  const listening = keepListening({ url, log, hub, signal: stopping.signal });
  return {
    subscribe: subject => hub.subscribe(subject),
    waitFor: async (subject, patience) => {
      const subscription = hub.subscribe(subject);
      try {
        return await subscription.next(patience);
      } finally {
        subscription.close();
      }
    },
    close: async () => {
      stopping.abort();
      await listening;
    },
  };
}

/** Reads until the answer is wanted, the time is over or the caller left; answers what was read last. Misses no change. */
export async function readUntil<T>({
  changes,
  subject,
  read,
  wanted,
  ...patience
}: {
  changes: Pick<Changes, 'subscribe'>;
  subject: Subject;
  read: () => Promise<T>;
  wanted: (value: T) => boolean;
} & Patience): Promise<T> {
  const deadline = performance.now() + patience.timeoutMs;
  const subscription = changes.subscribe(subject);
  try {
    for (;;) {
      const value = await read();
      const timeoutMs = deadline - performance.now();
      if (wanted(value) || timeoutMs <= 0) return value;
      if ((await subscription.next({ ...patience, timeoutMs })) === 'aborted') return value;
    }
  } finally {
    subscription.close();
  }
}

interface Announcement {
  readonly tenant: string;
  readonly runtime: string | null;
  readonly operation: string | null;
}

class Hub {
  private readonly listeners = new Map<string, Set<Listener>>();

  subscribe(subject: Subject): Subscription {
    const key = keyOf(subject.tenant, subject.operation ?? subject.runtime);
    const listener = new Listener(() => this.remove(key, listener));
    const others = this.listeners.get(key);
    if (others) others.add(listener);
    else this.listeners.set(key, new Set([listener]));
    return listener;
  }

  announce({ tenant, runtime, operation }: Announcement): void {
    const keys = [
      keyOf(tenant),
      ...[runtime, operation].filter(id => id !== null).map(id => keyOf(tenant, id)),
    ];
    for (const key of keys) for (const listener of this.listeners.get(key) ?? []) listener.wake();
  }

  announceAll(): void {
    for (const listeners of this.listeners.values()) for (const listener of listeners) listener.wake();
  }

  private remove(key: string, listener: Listener): void {
    const listeners = this.listeners.get(key);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.listeners.delete(key);
  }
}

class Listener implements Subscription {
  readonly close: () => void;
  private pending = false;
  private resume: (() => void) | undefined;

  constructor(close: () => void) {
    this.close = close;
  }

  wake(): void {
    this.pending = true;
    this.resume?.();
  }

  async next({ timeoutMs, signal }: Patience): Promise<Heard> {
    if (!this.pending && !signal?.aborted) await this.sleep({ timeoutMs, signal });
    const heard = this.pending ? 'changed' : signal?.aborted ? 'aborted' : 'timeout';
    this.pending = false;
    return heard;
  }

  private sleep({ timeoutMs, signal }: Patience): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(() => this.resume?.(), timeoutMs);
      const left = () => this.resume?.();
      signal?.addEventListener('abort', left, { once: true });
      this.resume = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', left);
        this.resume = undefined;
        resolve();
      };
    });
  }
}

function keyOf(tenant: string, id = ''): string {
  return `${tenant}/${id}`;
}

interface Listening {
  readonly url: string;
  readonly log: DatabaseLog | undefined;
  readonly hub: Hub;
  readonly signal: AbortSignal;
}

const PING_EVERY_MS = 15_000;
const MOST_PAUSE_MS = 5_000;

async function keepListening({ url, log, hub, signal }: Listening): Promise<void> {
  for (let pauseMs = 100; !signal.aborted; pauseMs = Math.min(pauseMs * 2, MOST_PAUSE_MS)) {
    const listened = await listenOnce({ url, log, hub, signal });
    if (listened) pauseMs = 100;
    if (!signal.aborted) await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Listens until the connection breaks or listening is to stop; answers whether it ever listened. */
async function listenOnce({ url, log, hub, signal }: Listening): Promise<boolean> {
  const client = new Client({
    connectionString: url,
    application_name: 'runtimeai changes',
    connectionTimeoutMillis: 10_000,
    query_timeout: 10_000,
  });
  const broken = new Promise<Error | undefined>(resolve => {
    client.once('error', resolve);
    client.once('end', () => resolve(undefined));
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  client.on('error', () => undefined); // the first one is kept above; the rest say the same
  client.on('notification', ({ payload }) => hub.announce(JSON.parse(payload ?? '') as Announcement));
  let listens = false;
  try {
    await client.connect();
    await client.query(`listen ${CHANGES_CHANNEL}`);
    listens = true;
    // What was written while nobody listened was announced to nobody.
    hub.announceAll();
    const error = await Promise.race([broken, pingFailure(client, signal)]);
    if (!signal.aborted)
      log?.warn({ err: error }, `Stopped hearing changes from ${placeOf(url)}; connecting again`);
  } catch (error) {
    if (!signal.aborted)
      log?.warn({ err: error }, `Cannot listen for changes at ${placeOf(url)}; trying again`);
  }
  await client.end().catch(() => undefined); // broken already: there is nothing left to close
  return listens;
}

// A connection whose other side vanished without a word stays silent for ever unless it is asked.
async function pingFailure(client: Client, signal: AbortSignal): Promise<Error | undefined> {
  while (!signal.aborted) {
    try {
      await delay(PING_EVERY_MS, undefined, { signal });
      await client.query('select 1');
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
  return undefined;
}
