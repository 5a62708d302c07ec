/** One received event, or a comment. */
export interface Received {
  readonly id: string;
  readonly event: string;
  readonly data: { readonly sequence: number; readonly message: string };
}

/** Reads a stream of server-sent events as a browser would, without its reconnecting. */
export class EventReader {
  readonly received: Received[] = [];
  comments = 0;
  status = 0;
  /** Resolves when the server has ended the stream. */
  readonly ended: Promise<void>;
  readonly #abort = new AbortController();

  constructor(url: string, headers: Record<string, string>) {
    this.ended = this.#read(url, headers).catch(error => {
      if (!this.#abort.signal.aborted) throw error;
    });
  }

  get sequences(): number[] {
    return this.received.map(({ data }) => data.sequence);
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(url: string, headers: Record<string, string>): Promise<void> {
    const response = await fetch(url, {
      headers: { accept: 'text/event-stream', ...headers },
      signal: this.#abort.signal,
    });
    this.status = response.status;
    let rest = '';
    for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) this.#take(block);
    }
  }

  #take(block: string): void {
    const fields = Object.fromEntries(
      block.split('\n').map(line => [line.split(': ', 1)[0] ?? '', line.slice(line.indexOf(': ') + 2)]),
    );
    if (fields['data'])
      this.received.push({
        id: fields['id'] ?? '',
        event: fields['event'] ?? '',
        data: JSON.parse(fields['data']),
      });
    else this.comments++;
  }
}
