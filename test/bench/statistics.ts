/** Median, 99th percentile and extremes of what was measured. */
export interface Summary {
  readonly runs: number;
  readonly p50: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
}

/** Summarises measurements by the nearest-rank method; with fewer than a hundred runs p99 is the largest. */
export function summarise(measured: readonly number[]): Summary {
  const sorted = [...measured].sort((a, b) => a - b);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { runs: sorted.length, p50: rank(0.5), p99: rank(0.99), min: rank(0), max: rank(1) };
}

/** The middle one of what was measured. */
export function median(measured: readonly number[]): number {
  return summarise(measured).p50;
}

/** How much each name grew from one reading to the next. */
export function growth(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(after).map(([name, amount]) => [name, amount - (before[name] ?? 0)]),
  );
}
