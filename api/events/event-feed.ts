import type { Changes } from '../../db/changes.ts';
import type { Event } from '../../domain/event.ts';
import type { Log } from '../../process/log.ts';

/** Where a runtime's events come from, oldest first. */
export type ReadEvents = (of: RuntimeKey & { after: number; limit: number }) => Promise<readonly Event[]>;

export interface RuntimeKey {
  readonly tenantId: string;
  readonly runtimeId: string;
}

/** One event as every subscriber gets it, written as text once. */
export interface FeedItem {
  readonly sequence: number;
  readonly text: string;
}

export interface Subscriber {
  /** The sequence of the last event it has. */
  after: number;
  readonly deliver: (items: readonly FeedItem[]) => void;
  /** Nothing more will come. */
  readonly end: () => void;
}

interface Tail extends RuntimeKey {
  readonly subscribers: Set<Subscriber>;
  /** Aborted when somebody came or left, so that the reading goes on at once. */
  stir: AbortController;
}

interface FeedParts {
  readonly read: ReadEvents;
  readonly changes: Pick<Changes, 'subscribe'>;
  readonly log: Log;
}

const PAGE = 500;
const LOOK_AGAIN_MS = 30_000;

/**
 * Brings new events of a runtime to everyone who watches it. All watchers of a runtime share one reading; each gets
 * every event after its own position exactly once and in order.
 */
export class EventFeed {
  readonly #parts: FeedParts;
  readonly #tails = new Map<string, Tail>();

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** Begins with the event after the subscriber's position; the answer ends the subscription. */
  subscribe(runtime: RuntimeKey, subscriber: Subscriber): () => void {
    const tail = this.#tails.get(runtime.runtimeId) ?? this.#begin(runtime);
    tail.subscribers.add(subscriber);
    tail.stir.abort();
    return () => {
      tail.subscribers.delete(subscriber);
      if (tail.subscribers.size > 0) return;
      this.#drop(tail);
      tail.stir.abort();
    };
  }

  #begin({ tenantId, runtimeId }: RuntimeKey): Tail {
    const tail: Tail = { tenantId, runtimeId, subscribers: new Set(), stir: new AbortController() };
    this.#tails.set(runtimeId, tail);
    // Begins after the caller has added its first subscriber.
    queueMicrotask(() => void this.#follow(tail));
    return tail;
  }

  /** An error ends the streams: they come back with their Last-Event-ID, which is better than staying silent. */
  async #follow(tail: Tail): Promise<void> {
    const { tenantId, runtimeId } = tail;
    const subscription = this.#parts.changes.subscribe({ tenant: tenantId, runtime: runtimeId });
    try {
      while (tail.subscribers.size > 0) {
        if (tail.stir.signal.aborted) tail.stir = new AbortController();
        if ((await this.#readPage(tail)) === PAGE) continue;
        await subscription.next({ timeoutMs: LOOK_AGAIN_MS, signal: tail.stir.signal });
      }
    } catch (error) {
      this.#parts.log.warn(
        { err: error, tenant: tenantId, runtime: runtimeId },
        'events could not be read; their streams are closed',
      );
      this.#drop(tail);
      for (const subscriber of tail.subscribers) subscriber.end();
    } finally {
      subscription.close();
    }
  }

  async #readPage(tail: Tail): Promise<number> {
    let after = Number.MAX_SAFE_INTEGER;
    for (const subscriber of tail.subscribers) after = Math.min(after, subscriber.after);
    const { tenantId, runtimeId } = tail;
    const events = await this.#parts.read({ tenantId, runtimeId, after, limit: PAGE });
    const items = events.map(event => ({ sequence: event.sequence, text: asText(event) }));
    // Who came while this was being read, and begins before it, is served by the next reading.
    for (const subscriber of tail.subscribers) if (subscriber.after >= after) deliverTo(subscriber, items);
    return events.length;
  }

  #drop(tail: Tail): void {
    if (this.#tails.get(tail.runtimeId) === tail) this.#tails.delete(tail.runtimeId);
  }
}

function deliverTo(subscriber: Subscriber, items: readonly FeedItem[]): void {
  const fresh = items.filter(item => item.sequence > subscriber.after);
  const last = fresh.at(-1);
  if (!last) return;
  subscriber.after = last.sequence;
  subscriber.deliver(fresh);
}

function asText(event: Event): string {
  return `id: ${event.sequence}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
