/**
 * SHA-256 of ASCII text, in hexadecimal (FIPS 180-4). Written out here because workflows have no `node:crypto`, and what
 * an approval is bound to must be checked where the approval arrives; the tests hold it against Node's.
 */
export function sha256(asciiText: string): string {
  const bytes = padded(asciiText);
  const state = Uint32Array.from(INITIAL);
  for (let start = 0; start < bytes.length; start += BLOCK) compress(state, scheduleOf(bytes, start));
  return Array.from(state, word => word.toString(16).padStart(8, '0')).join('');
}

const BLOCK = 64;
const ROUNDS = 64;

const PRIMES = firstPrimes(ROUNDS);
/** Fractions of the cube roots and of the square roots of the first primes (FIPS 180-4, 4.2.2 and 5.3.3). */
const CONSTANTS = Uint32Array.from(PRIMES, prime => fractionOfRoot(prime, 3));
const INITIAL = Uint32Array.from(PRIMES.slice(0, 8), prime => fractionOfRoot(prime, 2));

function padded(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((text.length + 9) / BLOCK) * BLOCK);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) throw new RangeError(`character ${at} is not ASCII: escape the text before hashing it`);
    bytes[at] = code;
  }
  bytes[text.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 8, Math.floor(text.length / 2 ** 29));
  view.setUint32(bytes.length - 4, (text.length << 3) >>> 0);
  return bytes;
}

function scheduleOf(bytes: Uint8Array, start: number): Uint32Array {
  const view = new DataView(bytes.buffer, start, BLOCK);
  const words = new Uint32Array(ROUNDS);
  for (let t = 0; t < 16; t++) words[t] = view.getUint32(t * 4);
  for (let t = 16; t < ROUNDS; t++) {
    const a = at(words, t - 15);
    const b = at(words, t - 2);
    const s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3);
    const s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10);
    words[t] = at(words, t - 16) + s0 + at(words, t - 7) + s1;
  }
  return words;
}

function compress(state: Uint32Array, words: Uint32Array): void {
  const v = Uint32Array.from(state);
  for (let t = 0; t < ROUNDS; t++) {
    const [a, b, c, e, f, g] = [at(v, 0), at(v, 1), at(v, 2), at(v, 4), at(v, 5), at(v, 6)];
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const choice = (e & f) ^ (~e & g);
    const first = at(v, 7) + s1 + choice + at(CONSTANTS, t) + at(words, t);
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    v.copyWithin(1, 0, 7);
    v[4] = at(v, 4) + first;
    v[0] = first + s0 + majority;
  }
  for (let i = 0; i < 8; i++) state[i] = at(state, i) + at(v, i);
}

function at(words: Uint32Array, index: number): number {
  return words[index] ?? 0;
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every(prime => n % prime !== 0)) primes.push(n);
  return primes;
}

/** The first 32 bits behind the point of a root, found with whole numbers: floating roots differ between engines. */
function fractionOfRoot(value: number, degree: 2 | 3): number {
  const scaled = BigInt(value) << BigInt(32 * degree);
  let low = 0n;
  let high = 1n << 40n;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle ** BigInt(degree) <= scaled) low = middle;
    else high = middle;
  }
  return Number(low & 0xffff_ffffn);
}
