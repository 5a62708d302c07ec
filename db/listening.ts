import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { type Announced, CHANNELS } from './announced.ts';
import { type DatabaseLog, placeOf } from './database.ts';

/** A connection that listens, made again whenever it breaks. */
export interface Listening {
  /** Whether the connection has answered within the last second, so that what was announced before has been heard. */
  hearsNow(): boolean;
  stop(): Promise<void>;
}

interface Options {
  readonly url: string;
  readonly log: DatabaseLog | undefined;
  readonly announced: Announced;
}

// Announcements and answers come over one connection in order: an answer proves that nothing announced before it is
// missing. A connection whose other side vanished without a word would otherwise stay silent for ever.
const PING_EVERY_MS = 300;
const PROVEN_FOR_MS = 1_000;
const PING_TIMEOUT_MS = 5_000;
const MOST_PAUSE_MS = 5_000;

/** Begins to listen and tells what is announced. */
export function startListening(options: Options): Listening {
  const stopping = new AbortController();
  const proof = { at: Number.NEGATIVE_INFINITY };
  const ended = keepListening({ ...options, proof, signal: stopping.signal });
  return {
    hearsNow: () => performance.now() - proof.at < PROVEN_FOR_MS,
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
}

interface Listener extends Options {
  /** When the question was asked whose answer came last. */
  readonly proof: { at: number };
  readonly signal: AbortSignal;
}

async function keepListening(listener: Listener): Promise<void> {
  const { signal } = listener;
  for (let pauseMs = 100; !signal.aborted; pauseMs = Math.min(pauseMs * 2, MOST_PAUSE_MS)) {
    const listened = await listenOnce(listener);
    listener.proof.at = Number.NEGATIVE_INFINITY;
    if (listened) pauseMs = 100;
    if (!signal.aborted) await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Listens until the connection breaks or listening is to stop; answers whether it ever listened. */
async function listenOnce(listener: Listener): Promise<boolean> {
  const { url, log, announced, proof, signal } = listener;
  const client = openClient(url);
  const broken = brokenOf(client, listener);
  client.on('notification', ({ channel, payload = '' }) => CHANNELS[channel]?.(announced, payload));
  let listens = false;
  try {
    await client.connect();
    const askedAt = performance.now();
    await client.query(
      Object.keys(CHANNELS)
        .map(channel => `listen ${channel}`)
        .join('; '),
    );
    listens = true;
    // What was written while nobody listened was announced to nobody.
    announced.emit('began');
    proof.at = askedAt;
    const error = await Promise.race([broken, pingFailure(client, listener)]);
    if (!signal.aborted)
      log?.warn({ err: error }, `Stopped hearing changes from ${placeOf(url)}; connecting again`);
  } catch (error) {
    if (!signal.aborted)
      log?.warn({ err: error }, `Cannot listen for changes at ${placeOf(url)}; trying again`);
  }
  await client.end().catch(() => undefined); // broken already: there is nothing left to close
  return listens;
}

function openClient(url: string): Client {
  return new Client({
    connectionString: url,
    application_name: 'runtimeai changes',
    connectionTimeoutMillis: 10_000,
    query_timeout: PING_TIMEOUT_MS,
  });
}

/** Resolves when the connection is over; from that moment nothing is proven any more. */
function brokenOf(client: Client, { proof, signal }: Listener): Promise<Error | undefined> {
  return new Promise(resolve => {
    const end = (error?: Error) => {
      proof.at = Number.NEGATIVE_INFINITY;
      resolve(error);
    };
    client.on('error', end);
    client.once('end', () => end());
    signal.addEventListener('abort', () => end(), { once: true });
  });
}

async function pingFailure(client: Client, { proof, signal }: Listener): Promise<Error | undefined> {
  while (!signal.aborted) {
    try {
      await delay(PING_EVERY_MS, undefined, { signal });
      const askedAt = performance.now();
      await client.query('select 1');
      proof.at = askedAt;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
  return undefined;
}
