/** A range of addresses of one family, both ends included. */
interface Range {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** Whether a text is a CIDR of IPv4 or IPv6 whose every part is in range. */
export function isCidr(text: string): boolean {
  return rangeOf(text) !== undefined;
}

/** Whether all addresses of one CIDR lie in the others taken together; what is no CIDR contains and is contained in nothing. */
export function isWithin(cidr: string, allowed: readonly string[]): boolean {
  const inner = rangeOf(cidr);
  if (!inner) return false;
  const outer = allowed.flatMap(each => rangeOf(each) ?? []).filter(({ family }) => family === inner.family);
  return joined(outer).some(({ first, last }) => first <= inner.first && inner.last <= last);
}

/** Ranges that touch become one, so that two halves contain the whole. */
function joined(ranges: readonly Range[]): Range[] {
  const found: Range[] = [];
  for (const range of ranges.toSorted((one, other) => (one.first < other.first ? -1 : 1))) {
    const before = found.at(-1);
    if (!before || range.first > before.last + 1n) found.push(range);
    else if (range.last > before.last) found.splice(-1, 1, { ...before, last: range.last });
  }
  return found;
}

function rangeOf(cidr: string): Range | undefined {
  const [address = '', length = '', ...more] = cidr.split('/');
  if (more.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const family = address.includes(':') ? 6 : 4;
  const bits = family === 6 ? 128n : 32n;
  const number = family === 6 ? ipv6(address) : ipv4(address);
  if (number === undefined || BigInt(length) > bits) return undefined;
  const free = bits - BigInt(length);
  const first = (number >> free) << free;
  return { family, first, last: first + (1n << free) - 1n };
}

function ipv4(address: string): bigint | undefined {
  const parts = address.split('.');
  if (parts.length !== 4 || !parts.every(part => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function ipv6(address: string): bigint | undefined {
  const [head = '', tail, ...more] = address.split('::');
  if (more.length > 0) return undefined;
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array<string>(missing).fill('0'), ...after];
  if (!groups.every(group => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':');
}
