import { SYSTEM_TENANT } from '../../domain/tenant.ts';

const MINUTE_MS = 60_000;
/** Beyond so many at a time, all further ones of a tenant share one count. */
const MOST_COUNTED = 5_000;
/** Of all strangers together, a minute. */
const MOST_STRANGERS = 60;
const OTHERS = { stranger: 'further addresses', principal: 'further principals' };

interface Denied {
  readonly tenant: string;
  readonly who: string;
  readonly isStranger: boolean;
}

interface Count {
  readonly tenant: string;
  readonly who: string;
  readonly since: number;
  readonly most: number;
  admitted: number;
  leftOut: number;
}

/** How much was left out of the audit, and of whom. */
export interface LeftOut {
  readonly tenant: string;
  readonly who: string;
  readonly count: number;
}

/** Keeps anybody from filling the audit with denied requests: so many records a minute, and then a count. */
export class DenialBounds {
  readonly #perMinute: { readonly stranger: number; readonly principal: number };
  readonly #counts = new Map<string, Count>();
  readonly #over: Count[] = [];

  constructor(perMinute: { stranger: number; principal: number }) {
    this.#perMinute = perMinute;
  }

  /** Whether this one gets a record of its own. */
  admits({ tenant, who, isStranger }: Denied, now = Date.now()): boolean {
    return isStranger
      ? this.#admitsStranger({ tenant, who }, now)
      : this.#admitsPrincipal({ tenant, who }, now);
  }

  #admitsPrincipal({ tenant, who }: Omit<Denied, 'isStranger'>, now: number): boolean {
    const most = this.#perMinute.principal;
    const isCounted = this.#current({ tenant, who }, now) !== undefined || this.#counts.size < MOST_COUNTED;
    return take(this.#countOf({ tenant, who: isCounted ? who : OTHERS.principal, most }, now));
  }

  /** An address costs nothing to change, so one is counted by itself only while strangers together have room. */
  #admitsStranger({ tenant, who }: Omit<Denied, 'isStranger'>, now: number): boolean {
    const all = this.#countOf({ tenant: SYSTEM_TENANT, who: OTHERS.stranger, most: MOST_STRANGERS }, now);
    const hasRoom = all.admitted < all.most;
    const known = this.#current({ tenant, who }, now);
    if (!hasRoom) {
      (known ?? all).leftOut += 1;
      return false;
    }
    if (!take(known ?? this.#countOf({ tenant, who, most: this.#perMinute.stranger }, now))) return false;
    all.admitted += 1;
    return true;
  }

  /** What was left out in minutes that are over; told once. */
  leftOut(now: number): readonly LeftOut[] {
    for (const [key, count] of this.#counts) if (now - count.since >= MINUTE_MS) this.#end(key, count);
    return this.#over.splice(0).map(({ tenant, who, leftOut }) => ({ tenant, who, count: leftOut }));
  }

  #countOf({ tenant, who, most }: { tenant: string; who: string; most: number }, now: number): Count {
    const known = this.#current({ tenant, who }, now);
    if (known) return known;
    const fresh = { tenant, who, since: now, most, admitted: 0, leftOut: 0 };
    this.#counts.set(keyOf(fresh), fresh);
    return fresh;
  }

  /** The count of the minute that runs; one that is over ends. */
  #current(of: { tenant: string; who: string }, now: number): Count | undefined {
    const key = keyOf(of);
    const count = this.#counts.get(key);
    if (count === undefined || now - count.since < MINUTE_MS) return count;
    this.#end(key, count);
    return undefined;
  }

  #end(key: string, count: Count): void {
    this.#counts.delete(key);
    if (count.leftOut > 0) this.#over.push(count);
  }
}

function keyOf({ tenant, who }: { tenant: string; who: string }): string {
  return `${tenant}|${who}`;
}

function take(count: Count): boolean {
  const admitted = count.admitted < count.most;
  if (admitted) count.admitted += 1;
  else count.leftOut += 1;
  return admitted;
}
