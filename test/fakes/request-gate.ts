import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A request as it is told to those who decide whether to hold it. */
export interface PassingRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
}

/** Requests that are kept waiting at the gate. */
export interface Hold {
  /** Resolves when the first of them is there. */
  readonly arrived: Promise<void>;
  /** Resolves when the sender of one of them has given up. */
  readonly left: Promise<void>;
  /** Lets those that wait through, and all that come later. */
  release(): void;
}

/** Stands in front of an API server and lets everything through but what it was told to hold. */
export interface RequestGate {
  /** Plain HTTP; the gate adds the token. */
  readonly url: string;
  hold(matches: (request: PassingRequest) => boolean): Hold;
  close(): Promise<void>;
}

/** The server behind the gate. */
export interface GuardedServer {
  readonly url: string;
  readonly ca: Buffer;
  readonly token: string;
}

/** Opens a gate on a free port. A held request whose sender has died meanwhile never reaches the server. */
export async function openRequestGate(server: GuardedServer): Promise<RequestGate> {
  const agent = new Agent({ keepAlive: true, ca: server.ca });
  const holds = new Set<Waiting>();
  const gate = createServer(async (request, response) => {
    const passing = { method: request.method ?? '', path: request.url ?? '' };
    for (const hold of holds) if (hold.matches(passing)) await hold.take(response);
    if (!response.destroyed) forward(request, response, { server, agent });
  });
  await new Promise<void>(resolve => gate.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(gate.address() as AddressInfo).port}`,
    hold: matches => {
      const hold = new Waiting(matches, () => holds.delete(hold));
      holds.add(hold);
      return hold;
    },
    close: async () => {
      for (const hold of holds) hold.release();
      const closed = new Promise<void>(resolve => gate.close(() => resolve()));
      gate.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

class Waiting implements Hold {
  readonly matches: (request: PassingRequest) => boolean;
  readonly release: () => void;
  private readonly coming = Promise.withResolvers<void>();
  private readonly leaving = Promise.withResolvers<void>();
  private readonly released = Promise.withResolvers<void>();

  constructor(matches: (request: PassingRequest) => boolean, onRelease: () => void) {
    this.matches = matches;
    this.release = () => {
      onRelease();
      this.released.resolve();
    };
  }

  get arrived(): Promise<void> {
    return this.coming.promise;
  }

  get left(): Promise<void> {
    return this.leaving.promise;
  }

  take(response: ServerResponse): Promise<void> {
    response.once('close', () => this.leaving.resolve());
    this.coming.resolve();
    return this.released.promise;
  }
}

function forward(
  incoming: IncomingMessage,
  response: ServerResponse,
  { server, agent }: { server: GuardedServer; agent: Agent },
): void {
  const { host: _, connection: __, ...headers } = incoming.headers;
  const outgoing = httpsRequest(
    new URL(incoming.url ?? '/', server.url),
    { method: incoming.method, agent, headers: { ...headers, authorization: `Bearer ${server.token}` } },
    answer => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      // A watch must see its headers before its first event.
      response.flushHeaders();
      answer.on('error', error => response.destroy(error));
      answer.pipe(response);
    },
  );
  outgoing.on('error', error => response.destroy(error));
  response.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}
