import { isDeepStrictEqual } from 'node:util';

type Fields = Readonly<Record<string, unknown>>;

/** The JSON merge patch (RFC 7396) that turns one object into another; empty when they are equal. */
export function differences(now: Fields, wanted: Fields): Record<string, unknown> {
  const removed = Object.keys(now).filter(name => now[name] !== undefined && wanted[name] === undefined);
  const changed = Object.entries(wanted).filter(
    ([name, value]) => value !== undefined && !isDeepStrictEqual(value, now[name]),
  );
  return Object.fromEntries([
    ...removed.map(name => [name, null]),
    ...changed.map(([name, value]) => [name, changeOf(now[name], value)]),
  ]);
}

/** A list is replaced as a whole. */
function changeOf(now: unknown, wanted: unknown): unknown {
  return isFields(now) && isFields(wanted) ? differences(now, wanted) : wanted;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
