import { nodeHash, type Range } from './tree.ts';

/** That a leaf is in a tree: the hashes of the ranges beside its way up to the root, the nearest first. */
export interface InclusionProof {
  readonly sequence: number;
  readonly size: number;
  readonly leaf: Buffer;
  readonly path: readonly Buffer[];
}

/** The ranges whose hashes prove that the leaf `sequence` is in the tree of that size (RFC 9162 §2.1.3.1), the nearest first. */
export function inclusionRanges(sequence: number, size: number): readonly Range[] {
  if (sequence < 0 || sequence >= size) throw new RangeError(`Leaf ${sequence} is not in a tree of ${size}.`);
  const ranges: Range[] = [];
  let within: Range = { begin: 0, end: size };
  while (within.end - within.begin > 1) {
    const middle = within.begin + largestPowerBelow(within.end - within.begin);
    const left = { begin: within.begin, end: middle };
    const right = { begin: middle, end: within.end };
    ranges.unshift(sequence < middle ? right : left);
    within = sequence < middle ? left : right;
  }
  return ranges;
}

/** Whether the proof leads from its leaf to the root (RFC 9162 §2.1.3.2). */
export function provesInclusion({ sequence, size, leaf, path }: InclusionProof, root: Buffer): boolean {
  if (!(sequence >= 0 && sequence < size)) return false;
  let node = sequence;
  let last = size - 1;
  let hash = leaf;
  for (const beside of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(beside, hash);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, beside);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && hash.equals(root);
}

function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}
