import { InvalidArgumentError } from 'commander';

const SECONDS = { m: 60, h: 3600, d: 24 * 3600 } as const;

/** Reads a duration like 90d, 12h or 30m. */
export function secondsOf(text: string): number {
  const match = /^([1-9][0-9]{0,4})([mhd])$/.exec(text);
  const unit = match?.[2];
  if (unit === 'm' || unit === 'h' || unit === 'd') return Number(match?.[1]) * SECONDS[unit];
  throw new InvalidArgumentError('must be a number with m, h or d, e.g. 90d');
}
