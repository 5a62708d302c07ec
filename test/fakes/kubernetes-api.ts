import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KubernetesConnection } from '../../clients/kubernetes/connection.ts';

/** One request the fake was asked. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

interface FakeObject {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly [field: string]: unknown;
}

type Misbehaviour = (request: SeenRequest, response: ServerResponse) => void;

/**
 * An API server for the list/watch protocol: it keeps the objects of one kind, remembers every request and can be told
 * to cut, to fall silent, to forget old versions, to send rubbish and to refuse.
 */
export class FakeKubernetesApi {
  readonly requests: SeenRequest[] = [];
  readonly connection: KubernetesConnection;
  pageSize = 500;
  /** The kinds of the groups beside `v1` that are installed, by group and version; all others are 404. */
  readonly installed = new Map<string, readonly { readonly name: string; readonly kind: string }[]>();
  /** Streams stay open, nothing is ever sent on them, and they never end. */
  silent = false;
  private readonly server = createServer((request, response) => void this.handle(request, response));
  private readonly objects = new Map<string, FakeObject>();
  private readonly log: { readonly version: number; readonly line: string }[] = [];
  private readonly streams = new Set<ServerResponse>();
  private readonly misbehaviours: {
    readonly matches: (request: SeenRequest) => boolean;
    readonly act: Misbehaviour;
  }[] = [];
  private version = 100;
  private oldest = 0;

  private constructor(port: number) {
    const agent = new Agent({ keepAlive: true });
    this.connection = {
      server: `http://127.0.0.1:${port}`,
      source: 'a fake',
      authorize: async () => ({ agent, headers: {} }),
      close: () => agent.destroy(),
    };
  }

  static async start(): Promise<FakeKubernetesApi> {
    const probe = createServer();
    await new Promise<void>(resolve => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise(resolve => probe.close(resolve));
    const fake = new FakeKubernetesApi(port);
    await new Promise<void>(resolve => fake.server.listen(port, '127.0.0.1', resolve));
    return fake;
  }

  /** Makes or changes an object; watchers hear of it unless it happens `unheard`. */
  put(name: string, fields: Record<string, unknown> = {}, options: { unheard?: boolean } = {}): void {
    const type = this.objects.has(name) ? 'MODIFIED' : 'ADDED';
    const object = { ...fields, metadata: { name, uid: `uid-${name}`, resourceVersion: this.nextVersion() } };
    this.objects.set(name, object);
    this.tell(type, object, options.unheard === true);
  }

  remove(name: string, options: { unheard?: boolean } = {}): void {
    const object = this.objects.get(name);
    if (object === undefined) throw new Error(`the fake has no ${name}`);
    this.objects.delete(name);
    const gone = { ...object, metadata: { ...object.metadata, resourceVersion: this.nextVersion() } };
    this.tell('DELETED', gone, options.unheard === true);
  }

  /** Ends every open stream in the middle, as a dying server or a proxy does. */
  cut(): void {
    for (const stream of this.streams) stream.destroy();
  }

  /** Sends a line of any kind to every watcher. */
  sendRaw(line: string): void {
    for (const stream of this.streams) stream.write(line);
  }

  /** Forgets what happened: a watch from before now is answered 410. */
  expire(): void {
    this.oldest = this.version;
    this.version += 1;
  }

  /** Answers the next request that matches in another way. */
  misbehaveOnce(matches: (request: SeenRequest) => boolean, act: Misbehaviour): void {
    this.misbehaviours.push({ matches, act });
  }

  watches(): readonly SeenRequest[] {
    return this.requests.filter(request => request.query.has('watch'));
  }

  lists(): readonly SeenRequest[] {
    return this.requests.filter(request => request.method === 'GET' && !request.query.has('watch'));
  }

  async stop(): Promise<void> {
    this.connection.close();
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }

  private nextVersion(): string {
    this.version += 1;
    return String(this.version);
  }

  private tell(type: string, object: FakeObject, unheard: boolean): void {
    if (unheard) return;
    const line = `${JSON.stringify({ type, object })}\n`;
    this.log.push({ version: this.version, line });
    if (!this.silent) for (const stream of this.streams) stream.write(line);
  }

  private async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://fake');
    let body = '';
    for await (const chunk of incoming) body += String(chunk);
    const request: SeenRequest = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
      body,
    };
    this.requests.push(request);
    const index = this.misbehaviours.findIndex(({ matches }) => matches(request));
    const [misbehaviour] = index === -1 ? [] : this.misbehaviours.splice(index, 1);
    const [, group, kinds] = /^\/apis\/([^/]+\/[^/]+)(\/.*)?$/.exec(request.path) ?? [];
    if (misbehaviour) misbehaviour.act(request, response);
    else if (group !== undefined && !this.installed.has(group))
      answerJson(response, 404, statusObject(404, 'NotFound', 'the server could not find it'));
    else if (group !== undefined && kinds === undefined)
      answerJson(response, 200, { resources: this.installed.get(group) });
    else if (request.query.has('watch')) this.watch(request, response);
    else this.list(request, response);
  }

  private list(request: SeenRequest, response: ServerResponse): void {
    const from = Number(request.query.get('continue') ?? 0);
    const limit = Math.min(this.pageSize, Number(request.query.get('limit') ?? this.pageSize));
    const all = [...this.objects.values()];
    const more = from + limit < all.length ? String(from + limit) : '';
    const metadata = { resourceVersion: String(this.version), continue: more };
    answerJson(response, 200, { metadata, items: all.slice(from, from + limit) });
  }

  private watch(request: SeenRequest, response: ServerResponse): void {
    const from = Number(request.query.get('resourceVersion'));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (from < this.oldest) {
      response.end(
        `${JSON.stringify({ type: 'ERROR', object: statusObject(410, 'Expired', 'too old resource version') })}\n`,
      );
      return;
    }
    this.streams.add(response);
    response.once('close', () => this.streams.delete(response));
    if (this.silent) return;
    for (const { version, line } of this.log) if (version > from) response.write(line);
    this.endAsPlanned(response, Number(request.query.get('timeoutSeconds')));
  }

  /** As the API server does it: a bookmark shortly before the end, then a clean end. */
  private endAsPlanned(response: ServerResponse, seconds: number): void {
    const bookmark = setTimeout(() => {
      const object = { metadata: { resourceVersion: String(this.version) } };
      if (!this.silent) response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
    }, seconds * 600);
    const end = setTimeout(() => {
      if (!this.silent) response.end();
    }, seconds * 1000);
    response.once('close', () => {
      clearTimeout(bookmark);
      clearTimeout(end);
    });
  }
}

/** Answers with JSON. */
export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** A `Status` object as the API server answers errors with. */
export function statusObject(code: number, reason: string, message: string, details: object = {}): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, details };
}
