const MINUTE_MS = 60_000;
/** Beyond so many at a time, all strangers share one count; an address costs nothing to change. */
const MOST_COUNTED = 5_000;
/** Of all strangers together, a minute. */
const MOST_STRANGERS = 60;
const OTHERS = 'further addresses';

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
    const most = isStranger ? this.#perMinute.stranger : this.#perMinute.principal;
    const count = this.#countOf({ tenant, who, most }, now);
    const all = isStranger ? this.#countOf({ tenant: '', who: OTHERS, most: MOST_STRANGERS }, now) : count;
    if (count.admitted < count.most && all.admitted < all.most) {
      count.admitted += 1;
      if (all !== count) all.admitted += 1;
      return true;
    }
    count.leftOut += 1;
    return false;
  }

  /** What was left out in minutes that are over; told once. */
  leftOut(now: number): readonly LeftOut[] {
    for (const [key, count] of this.#counts) if (now - count.since >= MINUTE_MS) this.#end(key, count);
    return this.#over.splice(0).map(({ tenant, who, leftOut }) => ({ tenant, who, count: leftOut }));
  }

  #countOf({ tenant, who, most }: { tenant: string; who: string; most: number }, now: number): Count {
    const key = `${tenant}|${who}`;
    const known = this.#counts.get(key);
    if (known && now - known.since < MINUTE_MS) return known;
    if (known) this.#end(key, known);
    else if (this.#counts.size >= MOST_COUNTED && who !== OTHERS)
      return this.#countOf({ tenant, who: OTHERS, most }, now);
    const fresh = { tenant, who, since: now, most, admitted: 0, leftOut: 0 };
    this.#counts.set(key, fresh);
    return fresh;
  }

  #end(key: string, count: Count): void {
    this.#counts.delete(key);
    if (count.leftOut > 0) this.#over.push(count);
  }
}
