import { LoadConnection } from './connection.ts';

/** What to ask, over how many connections, for how long. */
export interface LoadOrder {
  readonly port: number;
  /** Taken in turn. */
  readonly paths: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
  /** So many in each second, whatever the server does; without it, the next as soon as the last is answered. */
  readonly perSecond?: number;
}

export interface LoadResult {
  readonly seconds: number;
  readonly answered: number;
  /** Answers that were not 200, and what the first of them said. */
  readonly refused: number;
  readonly firstRefusal: string | null;
  /** Milliseconds from when a request was due to the end of its answer. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Puts the load on the server and measures its answers. */
export async function putLoad(order: LoadOrder): Promise<LoadResult> {
  const load = new Load(order);
  await load.finished;
  return load.result();
}

class Load {
  readonly finished: Promise<void>;
  readonly #order: LoadOrder;
  readonly #requests: readonly string[];
  readonly #idle: LoadConnection[] = [];
  readonly #latencies: number[] = [];
  readonly #startedAt = performance.now();
  readonly #all: LoadConnection[];
  #sent = 0;
  #refused = 0;
  #firstRefusal: string | null = null;
  #settle: { resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(order: LoadOrder) {
    this.#order = order;
    const headers = Object.entries({ host: `127.0.0.1:${order.port}`, ...order.headers });
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    this.#requests = order.paths.map(path => `GET ${path} HTTP/1.1\r\n${lines}\r\n`);
    this.finished = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#all = Array.from({ length: order.connections }, () => this.#connect());
    this.#idle.push(...this.#all);
    this.#tick();
  }

  result(): LoadResult {
    const sorted = Float64Array.from(this.#latencies).sort();
    const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
    return {
      seconds: this.#order.seconds,
      answered: sorted.length,
      refused: this.#refused,
      firstRefusal: this.#firstRefusal,
      p50: rank(0.5),
      p99: rank(0.99),
      max: rank(1),
    };
  }

  #connect(): LoadConnection {
    return new LoadConnection(this.#order.port, {
      onAnswer: (connection, status, body) => this.#answered(connection, status, body),
      onEnd: reason => this.#settle?.reject(new Error(`A connection of the load broke: ${reason}.`)),
    });
  }

  /** Sends what is due; requests that find no idle connection keep the time at which they were due. */
  #tick(): void {
    const elapsed = performance.now() - this.#startedAt;
    if (elapsed >= this.#order.seconds * 1000) {
      this.#finish();
      return;
    }
    while (this.#idle.length > 0 && this.#sent < this.#due(elapsed)) {
      const connection = this.#idle.pop();
      if (connection) this.#send(connection);
    }
    setTimeout(() => this.#tick(), 1);
  }

  #due(elapsedMs: number): number {
    const { perSecond } = this.#order;
    return perSecond === undefined ? Number.POSITIVE_INFINITY : (elapsedMs * perSecond) / 1000;
  }

  #send(connection: LoadConnection): void {
    const { perSecond } = this.#order;
    const dueAt =
      perSecond === undefined ? performance.now() : this.#startedAt + (this.#sent * 1000) / perSecond;
    connection.send(this.#requests[this.#sent % this.#requests.length] ?? '', dueAt);
    this.#sent += 1;
  }

  #answered(connection: LoadConnection, status: number, body: string): void {
    const now = performance.now();
    this.#latencies.push(now - connection.dueAt);
    if (status !== 200) {
      this.#refused += 1;
      this.#firstRefusal ??= `${status} ${body.slice(0, 300)}`;
    }
    if (this.#sent < this.#due(now - this.#startedAt)) this.#send(connection);
    else this.#idle.push(connection);
  }

  #finish(): void {
    for (const connection of this.#all) connection.end();
    this.#settle?.resolve();
  }
}
