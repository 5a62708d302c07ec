import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from './sha256.ts';

const ascii = fc.string({ unit: 'binary-ascii', maxLength: 400 });

describe('sha256', () => {
  it('gives the digests published with the standard', () => {
    expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')).toBe(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
  });

  it('agrees with Node at every length around the ends of its blocks', () => {
    for (let length = 0; length <= 260; length++)
      expect(sha256('x'.repeat(length))).toBe(node('x'.repeat(length)));
  });

  it('agrees with Node on any ASCII text', () => {
    fc.assert(fc.property(ascii, text => sha256(text) === node(text)));
  });

  it('refuses what is not ASCII instead of hashing something else', () => {
    expect(() => sha256('aé')).toThrow('character 1 is not ASCII');
  });
});

function node(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
