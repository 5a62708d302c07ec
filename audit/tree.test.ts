import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inclusionRanges, provesInclusion } from './proof.ts';
import { EMPTY_ROOT, grow, type Range, rootOf, type Subtree, sizeOf, subtreesOf } from './tree.ts';

const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const leaf = (text: string) => sha(Buffer.of(0), Buffer.from(text));

/** RFC 9162 §2.1.1, word for word. */
function naiveRoot(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return sha();
  if (leaves.length === 1) return only;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha(Buffer.of(1), naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
}

/** RFC 9162 §2.1.3.1, word for word. */
function naivePath(index: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length <= 1) return [];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return index < k
    ? [...naivePath(index, leaves.slice(0, k)), naiveRoot(leaves.slice(k))]
    : [...naivePath(index - k, leaves.slice(k)), naiveRoot(leaves.slice(0, k))];
}

const asSubtrees = (leaves: readonly Buffer[], from = 0): Subtree[] =>
  leaves.map((hash, index) => ({ level: 0, position: from + index, hash }));

const leavesOf = (count: number) => Array.from({ length: count }, (_, index) => leaf(`record ${index}`));

/** Every subtree by its place, as the database keeps them. */
function kept(leaves: readonly Buffer[]): (range: Range) => Buffer {
  const all = [...asSubtrees(leaves), ...grow([], asSubtrees(leaves)).made];
  const byPlace = new Map(all.map(subtree => [`${subtree.level}/${subtree.position}`, subtree]));
  return range =>
    rootOf(
      subtreesOf(range).map(({ level, position }) => {
        const found = byPlace.get(`${level}/${position}`);
        if (found === undefined) throw new Error(`Subtree ${level}/${position} was never made`);
        return found;
      }),
    );
}

describe('the tree', () => {
  test('has the roots of the published test vectors', () => {
    // https://github.com/transparency-dev/merkle: leaves "", 00, 10, 2021.
    const leaves = ['', '00', '10', '2021'].map(hex => sha(Buffer.of(0), Buffer.from(hex, 'hex')));
    const root = (count: number) =>
      rootOf(grow([], asSubtrees(leaves.slice(0, count))).standing).toString('hex');
    expect(root(0)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(root(1)).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
    expect(root(2)).toBe('fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125');
    expect(root(3)).toBe('aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77');
    expect(root(4)).toBe('d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7');
    expect(EMPTY_ROOT).toEqual(sha());
  });

  test('is that of the RFC, however it was grown', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 8 }), batches => {
        let standing: readonly Subtree[] = [];
        let size = 0;
        for (const count of batches) {
          const leaves = leavesOf(size + count).slice(size);
          standing = grow(standing, asSubtrees(leaves, size)).standing;
          size += count;
        }
        expect(sizeOf(standing)).toBe(size);
        expect(standing.map(({ level, position }) => ({ level, position }))).toEqual(
          subtreesOf({ begin: 0, end: size }),
        );
        expect(rootOf(standing)).toEqual(naiveRoot(leavesOf(size)));
      }),
    );
  });

  test('makes each full subtree once', () => {
    const { made } = grow([], asSubtrees(leavesOf(100)));
    expect(new Set(made.map(({ level, position }) => `${level}/${position}`)).size).toBe(made.length);
    expect(made).toHaveLength(50 + 25 + 12 + 6 + 3 + 1);
  });

  test('is put together from any three neighbouring parts', () => {
    fc.assert(
      fc.property(fc.nat(70), fc.nat(70), fc.nat(70), (left, middle, right) => {
        const size = left + middle + right;
        const leaves = leavesOf(size);
        const hashOf = kept(leaves);
        const part = (range: Range) =>
          subtreesOf(range).map(place => {
            const width = 2 ** place.level;
            const begin = place.position * width;
            return { ...place, hash: hashOf({ begin, end: begin + width }) };
          });
        let standing: readonly Subtree[] = part({ begin: 0, end: left });
        standing = grow(standing, part({ begin: left, end: left + middle })).standing;
        standing = grow(standing, part({ begin: left + middle, end: size })).standing;
        expect(rootOf(standing)).toEqual(naiveRoot(leaves));
      }),
    );
  });
});

describe('the proof of a record', () => {
  test('is that of the RFC for every record of every tree up to 70, from what is kept alone', () => {
    for (let size = 1; size <= 70; size += 1) {
      const leaves = leavesOf(size);
      const hashOf = kept(leaves);
      const root = naiveRoot(leaves);
      for (const [sequence, own] of leaves.entries()) {
        const path = inclusionRanges(sequence, size).map(hashOf);
        expect(path).toEqual(naivePath(sequence, leaves));
        expect(provesInclusion({ sequence, size, leaf: own, path }, root)).toBe(true);
      }
    }
  });

  test('holds for nothing else: another leaf, place, size, root or path', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 90 }), fc.nat(), fc.nat(), (size, at, other) => {
        const leaves = leavesOf(size);
        const sequence = at % size;
        const path = inclusionRanges(sequence, size).map(kept(leaves));
        const proof = { sequence, size, leaf: leaves[sequence] ?? EMPTY_ROOT, path };
        const root = naiveRoot(leaves);
        const moved = (sequence + 1 + (other % (size - 1))) % size;
        expect(provesInclusion({ ...proof, leaf: leaf('forged') }, root)).toBe(false);
        expect(provesInclusion({ ...proof, sequence: moved }, root)).toBe(false);
        expect(provesInclusion({ ...proof, size: size * 4 + 1 }, root)).toBe(false);
        expect(provesInclusion({ ...proof, path: path.slice(1) }, root)).toBe(false);
        expect(provesInclusion({ ...proof, path: [...path, root] }, root)).toBe(false);
        expect(provesInclusion(proof, leaf('another root'))).toBe(false);
      }),
    );
  });

  test('is refused for a leaf that is not in the tree', () => {
    expect(() => inclusionRanges(7, 7)).toThrow('Leaf 7 is not in a tree of 7');
  });
});
