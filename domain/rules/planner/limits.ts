/** An upper bound; `< 50` is not inclusive, `<= 50` is. */
export interface Bound {
  readonly max: number;
  readonly inclusive: boolean;
}

/** What every plan must keep, whatever its goal. */
export interface Limits {
  readonly latencyMs?: Bound | undefined;
  readonly costPerMonth?: Bound | undefined;
  /** `high`: at least `AVAILABILITY.high.minReplicas`, and nothing that takes the last one away. */
  readonly availability?: Availability | undefined;
}

export type Availability = 'high' | 'normal';

/** What each word for availability demands. */
export const AVAILABILITY: Readonly<Record<Availability, { minReplicas: number; mayStop: boolean }>> = {
  high: { minReplicas: 2, mayStop: false },
  normal: { minReplicas: 1, mayStop: true },
};

/** Both sets of limits at once: of two bounds on the same thing the stricter holds. */
export function both(a: Limits, b: Limits): Limits {
  return {
    latencyMs: stricter(a.latencyMs, b.latencyMs),
    costPerMonth: stricter(a.costPerMonth, b.costPerMonth),
    availability:
      a.availability === 'high' || b.availability === 'high' ? 'high' : (a.availability ?? b.availability),
  };
}

/** Whether a figure keeps a bound; no bound is always kept. */
export function keeps(bound: Bound | undefined, value: number): boolean {
  if (bound === undefined) return true;
  return bound.inclusive ? value <= bound.max : value < bound.max;
}

/** How many replicas the limits demand at least. */
export function minReplicas(limits: Limits): number {
  return AVAILABILITY[limits.availability ?? 'normal'].minReplicas;
}

/** The bound in words, e.g. `< 50`. */
export function boundText(bound: Bound): string {
  return `${bound.inclusive ? '<=' : '<'} ${bound.max}`;
}

function stricter(a: Bound | undefined, b: Bound | undefined): Bound | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.max !== b.max) return a.max < b.max ? a : b;
  return a.inclusive ? b : a;
}
