import type { FastifyReply } from 'fastify';

/** Tells a request that waits that nobody waits for it any more: its client left, or the process shuts down. */
export class Leaving {
  readonly #shutdown = new AbortController();

  of(reply: FastifyReply): AbortSignal {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    return AbortSignal.any([this.#shutdown.signal, gone.signal]);
  }

  shutDown(): void {
    this.#shutdown.abort();
  }
}
