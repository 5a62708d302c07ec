import type { IncomingMessage } from 'node:http';
import type { KubernetesConnection } from './connection.ts';
import { type Attempt, KubernetesError, refused, unreachable } from './errors.ts';
import { openStream, readAll } from './http.ts';
import { pathOfKind } from './kinds.ts';
import { fieldsOf, type KubernetesObject, nameOf, numberOf, textOf } from './objects.ts';
import type { ListOptions } from './requests.ts';

export type WatchEvent =
  | { readonly type: 'put' | 'removed'; readonly version: string; readonly object: KubernetesObject }
  | { readonly type: 'bookmark'; readonly version: string };

export interface WatchRound extends ListOptions {
  readonly connection: KubernetesConnection;
  /** Everything after this version is sent. */
  readonly version: string;
  readonly roundSeconds: number;
  readonly accept?: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: WatchEvent) => void;
}

/**
 * One watch request from beginning to end. Resolves only when it ended as planned, which proves that nothing was
 * missed; every other end is a `KubernetesError`: cut, silent for two rounds, expired, malformed, ended too early.
 */
export async function watchRound(round: WatchRound): Promise<void> {
  const attempt = {
    what: `Watching ${nameOf(round)} from ${round.version}`,
    server: round.connection.server,
  };
  const begun = performance.now();
  const stream = await openWatch(round, attempt);
  const watchdog = new Watchdog(stream, 2000 * round.roundSeconds);
  try {
    for await (const line of linesOf(stream, () => watchdog.heard()))
      round.onEvent(parseEvent(line, attempt));
  } catch (error) {
    if (error instanceof KubernetesError) throw error;
    throw watchdog.bit ? silent(attempt, 2 * round.roundSeconds) : unreachable(attempt, error);
  } finally {
    watchdog.end();
    stream.destroy();
  }
  const seconds = (performance.now() - begun) / 1000;
  if (seconds < round.roundSeconds - 0.5)
    throw broken(
      attempt,
      'EndedEarly',
      `ended after ${seconds.toFixed(1)} s instead of ${round.roundSeconds}`,
    );
}

async function openWatch(round: WatchRound, attempt: Attempt): Promise<IncomingMessage> {
  const stream = await openStream(round.connection, {
    method: 'GET',
    path: pathOfKind(round),
    query: {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: round.version,
      timeoutSeconds: round.roundSeconds,
      labelSelector: round.labelSelector,
      fieldSelector: round.fieldSelector,
    },
    timeoutMs: 2000 * round.roundSeconds,
    signal: round.signal,
    ...(round.accept === undefined ? {} : { accept: round.accept }),
  }).catch((error: unknown) => {
    throw unreachable(attempt, error);
  });
  const stop = () => stream.destroy(new DOMException('the watch was stopped', 'AbortError'));
  round.signal.addEventListener('abort', stop, { once: true });
  stream.once('close', () => round.signal.removeEventListener('abort', stop));
  if (round.signal.aborted) stop();
  if (stream.statusCode === 200) return stream;
  throw refused(attempt, {
    status: stream.statusCode ?? 0,
    retryAfter: stream.headers['retry-after'],
    body: await readAll(stream),
  });
}

/** Splits the stream at newlines without ever decoding half a character. */
async function* linesOf(stream: IncomingMessage, onChunk: () => void): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  for await (const piece of stream) {
    onChunk();
    const chunk = piece as Buffer;
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...rest, chunk.subarray(from, end)]).toString('utf8');
      rest = [];
      from = end + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (rest.length > 0) yield Buffer.concat(rest).toString('utf8');
}

const NEWLINE = 10;

function parseEvent(line: string, attempt: Attempt): WatchEvent {
  const event = parseLine(line, attempt);
  const object = fieldsOf(event['object']) as unknown as KubernetesObject;
  const version = textOf(fieldsOf(object.metadata)['resourceVersion']);
  const type = EVENT_TYPES[textOf(event['type'])];
  if (event['type'] === 'ERROR')
    throw refused(attempt, { status: numberOf(object['code']) || 500, body: JSON.stringify(object) });
  if (type === undefined || version === '')
    throw broken(attempt, 'Malformed', `sent an event that is none: ${line.slice(0, 200)}`);
  return type === 'bookmark' ? { type, version } : { type, version, object };
}

const EVENT_TYPES: Readonly<Record<string, WatchEvent['type']>> = {
  ADDED: 'put',
  MODIFIED: 'put',
  DELETED: 'removed',
  BOOKMARK: 'bookmark',
};

function parseLine(line: string, attempt: Attempt): Readonly<Record<string, unknown>> {
  try {
    return fieldsOf(JSON.parse(line));
  } catch (error) {
    throw broken(
      attempt,
      'Malformed',
      `sent a line that is no JSON (${String(error)}): ${line.slice(0, 200)}`,
    );
  }
}

/** Cuts a stream on which nothing has come for too long: the connection may be dead without either side knowing. */
class Watchdog {
  bit = false;
  private readonly timer: NodeJS.Timeout;

  constructor(stream: IncomingMessage, milliseconds: number) {
    this.timer = setTimeout(() => {
      this.bit = true;
      stream.destroy(new Error('silent'));
    }, milliseconds);
  }

  heard(): void {
    this.timer.refresh();
  }

  end(): void {
    clearTimeout(this.timer);
  }
}

function silent(attempt: Attempt, seconds: number): KubernetesError {
  return broken(attempt, 'Silent', `sent nothing for ${seconds} s, not even a bookmark`);
}

function broken(attempt: Attempt, reason: string, what: string): KubernetesError {
  const message = `${attempt.what}: ${attempt.server} ${what}. The watch begins again.`;
  return new KubernetesError(message, { kind: 'unreachable', retryable: true, reason });
}
