import type { FastifyReply } from 'fastify';
import { Gauge, type Registry } from 'prom-client';
import type { Announced } from '../../db/announced.ts';
import type { Principal } from '../../domain/principal.ts';
import type { EventFeed, FeedItem } from './event-feed.ts';

const HEARTBEAT_MS = 15_000;
/** Then the client comes back with its Last-Event-ID, so that no stream stays for ever by what was once right. */
const LONGEST_STREAM_MS = 15 * 60_000;
/** What one client may leave unread before it is cut off. */
const MOST_UNREAD_BYTES = 1024 * 1024;

interface Stream {
  readonly caller: Principal;
  readonly reply: FastifyReply;
  readonly openedAt: number;
  readonly unsubscribe: () => void;
}

/** The open server-sent event streams of this process. */
export class EventStreams {
  readonly #feed: EventFeed;
  readonly #streams = new Set<Stream>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor({
    feed,
    registry,
    announced,
    heartbeatMs = HEARTBEAT_MS,
  }: { feed: EventFeed; registry: Registry; announced: Announced; heartbeatMs?: number }) {
    this.#feed = feed;
    const streams = this.#streams;
    new Gauge({
      name: 'runtimeai_event_streams',
      help: 'Open event streams',
      registers: [registry],
      collect() {
        this.set(streams.size);
      },
    });
    // What its caller may see may be less now: it comes back, and is asked again who it is.
    announced.on('key', keyId => this.#end(({ credential }) => credential.id === keyId));
    announced.on('principal', ({ tenant, principal }) =>
      this.#end(({ id, tenantId }) => id === principal && tenantId === tenant),
    );
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs).unref();
  }

  /** Takes the connection over and sends every event after `after`, until either side ends it. */
  open(
    reply: FastifyReply,
    { caller, ...runtime }: { caller: Principal; runtimeId: string; after: number },
  ): void {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      ...Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)])),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      connection: 'close',
    });
    raw.write('retry: 1000\n: open\n\n');
    const { tenantId } = caller;
    const unsubscribe = this.#feed.subscribe(
      { tenantId, runtimeId: runtime.runtimeId },
      {
        after: runtime.after,
        deliver: items => write(reply, items),
        end: () => raw.end(),
      },
    );
    const stream = { caller, reply, openedAt: Date.now(), unsubscribe };
    this.#streams.add(stream);
    raw.once('close', () => this.#forget(stream));
    // A client that goes away in the middle of a write is not an error of ours; `close` follows.
    raw.once('error', () => this.#forget(stream));
  }

  /** Ends every stream, so that a shutdown need not wait for clients. */
  close(): void {
    clearInterval(this.#heartbeat);
    for (const stream of this.#streams) stream.reply.raw.end();
  }

  #end(concerns: (caller: Principal) => boolean): void {
    for (const { caller, reply } of this.#streams) if (concerns(caller)) reply.raw.end();
  }

  #forget(stream: Stream): void {
    stream.unsubscribe();
    this.#streams.delete(stream);
  }

  #beat(): void {
    const oldest = Date.now() - LONGEST_STREAM_MS;
    for (const { reply, openedAt } of this.#streams) {
      if (openedAt < oldest) reply.raw.end();
      else reply.raw.write(': still here\n\n');
    }
  }
}

function write({ raw }: FastifyReply, items: readonly FeedItem[]): void {
  raw.write(items.map(item => item.text).join(''));
  if (raw.writableLength > MOST_UNREAD_BYTES) raw.destroy();
}
