import { type Announced, createAnnounced, type RuntimeChange } from './announced.ts';
import type { DatabaseLog } from './database.ts';
import { startListening } from './listening.ts';

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

/** Hears of every event written by any process, and of what processes keep in memory, over one connection. */
export interface Changes {
  subscribe(subject: Subject): Subscription;
  waitFor(subject: Subject, patience: Patience): Promise<Heard>;
  /** Tells of every announcement, for those who keep in memory what they have read. */
  readonly announced: Announced;
  /** Whether all that was announced until a moment ago has surely been heard; else only reading tells. */
  hearsNow(): boolean;
  close(): Promise<void>;
}

/** Starts to listen; when the connection breaks it is made again, and everybody who waits is told to read again. */
export function openChanges(url: string, { log }: { log?: DatabaseLog } = {}): Changes {
  const hub = new Hub();
  const announced = createAnnounced();
  announced.on('event', change => hub.announce(change));
  announced.on('began', () => hub.announceAll());
  const listening = startListening({ url, log, announced });
  return {
    announced,
    hearsNow: () => listening.hearsNow(),
    subscribe: subject => hub.subscribe(subject),
    waitFor: async (subject, patience) => {
      const subscription = hub.subscribe(subject);
      try {
        return await subscription.next(patience);
      } finally {
        subscription.close();
      }
    },
    close: () => listening.stop(),
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

  announce({ tenant, runtime, operation = null }: RuntimeChange): void {
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
