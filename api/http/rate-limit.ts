import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from './problem.ts';

const WINDOW_MS = 60_000;

interface LimitParts {
  readonly perMinute: number;
  /** Milliseconds of a clock that only runs forward. */
  readonly now?: () => number;
}

/**
 * Counts the requests of each caller in this process, minute by minute; the counts of a minute are dropped together.
 * A caller is the principal of a good key, never what a request only claims: otherwise anyone could use up what
 * belongs to somebody else's key. Requests without a good key are counted by address.
 */
export class RateLimits {
  readonly #perMinute: number;
  readonly #now: () => number;
  readonly #policy: string;
  #counts = new Map<string, number>();
  #endsAt: number;

  constructor({ perMinute, now = () => performance.now() }: LimitParts) {
    this.#perMinute = perMinute;
    this.#now = now;
    this.#policy = `"per-minute";q=${perMinute};w=${WINDOW_MS / 1000}`;
    this.#endsAt = now() + WINDOW_MS;
  }

  /** Counts one request of the principal and says in the headers what is left; throws 429 when nothing was. */
  countPrincipal(principalId: string, reply: FastifyReply): void {
    this.#count(principalId, reply);
  }

  /** Counts one request that carries no good key, before it is refused for that. */
  countStranger({ ip }: Pick<FastifyRequest, 'ip'>, reply: FastifyReply): void {
    this.#count(`address ${networkOf(ip)}`, reply);
  }

  #count(caller: string, reply: FastifyReply): void {
    const seconds = this.#secondsLeft();
    const count = (this.#counts.get(caller) ?? 0) + 1;
    this.#counts.set(caller, count);
    const left = Math.max(0, this.#perMinute - count);
    void reply.header('ratelimit-policy', this.#policy);
    void reply.header('ratelimit', `"per-minute";r=${left};t=${seconds}`);
    if (count <= this.#perMinute) return;
    throw new ProblemError(
      'rate_limited',
      `More than ${this.#perMinute} requests came within a minute. Go on in ${seconds} s.`,
      { headers: { 'retry-after': String(seconds) } },
    );
  }

  #secondsLeft(): number {
    const now = this.#now();
    if (now >= this.#endsAt) {
      this.#counts = new Map();
      this.#endsAt = now + WINDOW_MS;
    }
    return Math.max(1, Math.ceil((this.#endsAt - now) / 1000));
  }
}

/** Whoever has an IPv6 address has the 64 bits behind it as well. */
function networkOf(ip: string): string {
  if (!ip.includes(':') || ip.includes('.')) return ip;
  const [front = '', back] = ip.split('%')[0]?.split('::') ?? [];
  const groups = front.split(':').filter(Boolean);
  const behind = back === undefined ? [] : back.split(':').filter(Boolean);
  const zeros = back === undefined ? 0 : 8 - groups.length - behind.length;
  return [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...behind].slice(0, 4).join(':');
}
