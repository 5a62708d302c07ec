/** Median, 99th percentile and extremes of measured milliseconds. */
export interface Summary {
  readonly runs: number;
  readonly p50: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
}

/** Summarises measurements by the nearest-rank method; with fewer than a hundred runs p99 is the largest. */
export function summarise(milliseconds: readonly number[]): Summary {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { runs: sorted.length, p50: rank(0.5), p99: rank(0.99), min: rank(0), max: rank(1) };
}

/** How many times as long the first took as the second. */
export function ratio(ours: number, theirs: number): string {
  return `${(ours / theirs).toFixed(2)}x`;
}
