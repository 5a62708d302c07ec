import { type ClientRequest, request } from 'node:http';

/** Follows one runtime's events over lines that are cut again and again, and remembers what does not fit. */
export class Subscriber {
  /** Number of the last event it has. */
  last = 0;
  gaps = 0;
  repeats = 0;
  reconnects = 0;
  readonly lagsMs: number[] = [];
  readonly #url: string;
  readonly #key: string;
  readonly #begunAt = Date.now();
  #request: ClientRequest | undefined;
  #stopped = false;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
    this.#connect();
  }

  /** Cuts the line; it comes back with its Last-Event-ID. */
  cut(): void {
    this.reconnects += 1;
    this.#request?.destroy();
  }

  stop(): void {
    this.#stopped = true;
    this.#request?.destroy();
  }

  #connect(): void {
    const headers = {
      accept: 'text/event-stream',
      authorization: `Bearer ${this.#key}`,
      ...(this.last > 0 && { 'last-event-id': String(this.last) }),
    };
    const sent = request(this.#url, { headers, agent: false }, response => {
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        const blocks = (rest + chunk).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) this.#take(block);
      });
      response.on('error', () => undefined); // a line that was cut; `close` follows
      if (response.statusCode !== 200) this.gaps += 1;
    });
    this.#request = sent;
    sent.on('error', () => undefined); // the same
    sent.on('close', () => {
      if (!this.#stopped) setTimeout(() => this.#connect(), 20 + Math.random() * 200);
    });
    sent.end();
  }

  #take(block: string): void {
    const id = /^id: (\d+)$/m.exec(block)?.[1];
    if (id === undefined) return;
    const sequence = Number(id);
    if (sequence <= this.last) this.repeats += 1;
    else if (sequence > this.last + 1) this.gaps += 1;
    this.last = Math.max(this.last, sequence);
    const writtenAt = /"ts":"([^"]+)"/.exec(block)?.[1];
    const lag = writtenAt === undefined ? Number.NaN : Date.now() - Date.parse(writtenAt);
    // What was written before the subscriber began is read, not heard.
    if (lag < Date.now() - this.#begunAt) this.lagsMs.push(lag);
  }
}
