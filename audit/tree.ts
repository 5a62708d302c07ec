import { createHash } from 'node:crypto';

/** A full subtree of 2^level leaves: the `position`-th of that level, counted from the left. */
export interface Place {
  readonly level: number;
  readonly position: number;
}

/** A full subtree and its hash; of level 0, a leaf. */
export interface Subtree extends Place {
  readonly hash: Buffer;
}

/** Leaves from `begin` up to, without, `end`. */
export interface Range {
  readonly begin: number;
  readonly end: number;
}

const NODE = Buffer.of(1);

/** The root of a tree without leaves: SHA-256 of nothing (RFC 9162 §2.1.1). */
export const EMPTY_ROOT = createHash('sha256').digest();

/** The hash of a node above two others: SHA-256 of 0x01 and both (RFC 9162 §2.1.1). */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return createHash('sha256').update(NODE).update(left).update(right).digest();
}

/** The fewest full subtrees that together are the leaves of a range, from left to right; O(log n). */
export function subtreesOf({ begin, end }: Range): readonly Place[] {
  const places: Place[] = [];
  for (let at = begin; at < end; ) {
    let level = 0;
    let width = 1;
    while (at % (width * 2) === 0 && at + width * 2 <= end) {
      level += 1;
      width *= 2;
    }
    places.push({ level, position: at / width });
    at += width;
  }
  return places;
}

/**
 * Puts further subtrees to the right of those that are there, and joins whatever has become full. Answers the subtrees
 * that stand now, and every one that was made on the way.
 */
export function grow(
  standing: readonly Subtree[],
  added: readonly Subtree[],
): { readonly standing: readonly Subtree[]; readonly made: readonly Subtree[] } {
  const stack = [...standing];
  const made: Subtree[] = [];
  for (const subtree of added) {
    stack.push(subtree);
    for (let joined = joinLast(stack); joined; joined = joinLast(stack)) made.push(joined);
  }
  return { standing: stack, made };
}

/** The root over subtrees that lie side by side from the left edge of a tree, or of a part of it, on (RFC 9162 §2.1.1). */
export function rootOf(standing: readonly Pick<Subtree, 'hash'>[]): Buffer {
  const last = standing.at(-1);
  if (last === undefined) return EMPTY_ROOT;
  return standing.slice(0, -1).reduceRight((right, { hash }) => nodeHash(hash, right), last.hash);
}

/** How many leaves lie under subtrees that stand side by side from the left edge on. */
export function sizeOf(standing: readonly Place[]): number {
  return standing.reduce((size, { level }) => size + 2 ** level, 0);
}

/** Joins the last two, if they are the halves of one; answers what they became. */
function joinLast(stack: Subtree[]): Subtree | undefined {
  const [left, right] = stack.slice(-2);
  if (left === undefined || right === undefined || left.level !== right.level) return undefined;
  if (left.position % 2 !== 0 || right.position !== left.position + 1) return undefined;
  const joined = {
    level: left.level + 1,
    position: left.position / 2,
    hash: nodeHash(left.hash, right.hash),
  };
  stack.splice(-2, 2, joined);
  return joined;
}
