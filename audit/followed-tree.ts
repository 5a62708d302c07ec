import type { SignedCheckpoint } from './checkpoint.ts';
import type { Finding } from './findings.ts';
import { grow, type Place, rootOf, type Subtree, sizeOf, subtreesOf } from './tree.ts';

/** The tree over the records read so far, held against one checkpoint after the other. */
export class FollowedTree {
  /** Nothing once it cannot be what was sealed; then nothing more can be said by it. */
  #standing: readonly Subtree[] | undefined;
  /** Up to where a checkpoint agreed. */
  #agreedTo: number;

  /** Begins behind the records whose subtrees have these hashes. */
  constructor(begin: number, left: readonly string[]) {
    this.#agreedTo = begin;
    this.#standing = withHashes(subtreesOf({ begin: 0, end: begin }), left);
  }

  get agreedTo(): number {
    return this.#agreedTo;
  }

  /** How many records it stands over; nothing once it is lost. */
  get size(): number | undefined {
    return this.#standing && sizeOf(this.#standing);
  }

  add(sequence: number, hash: Buffer): void {
    if (this.#standing)
      this.#standing = grow(this.#standing, [{ level: 0, position: sequence, hash }]).standing;
  }

  /** Adds the records of a range by the hashes of its subtrees. */
  addRange(range: { begin: number; end: number }, hashes: readonly string[]): void {
    const subtrees = withHashes(subtreesOf(range), hashes);
    if (this.#standing && this.size === range.begin && subtrees)
      this.#standing = grow(this.#standing, subtrees).standing;
  }

  lose(): void {
    this.#standing = undefined;
  }

  /** Nothing when the checkpoint is that of these records. Once one is not, no later one can be: the first interval is the place. */
  differs(
    { size, root, signedAt }: SignedCheckpoint,
    { what, kind }: { what: string; kind: 'rewritten' | 'forked' },
  ): Finding | undefined {
    if (this.#standing && rootOf(this.#standing).equals(root)) {
      this.#agreedTo = size;
      return undefined;
    }
    this.lose();
    return {
      kind,
      from: this.#agreedTo,
      to: size,
      message:
        `${what} of ${size} records, signed ${signedAt.toISOString()}, is not that of these records: between sequence ` +
        `${this.#agreedTo} and ${size - 1} something was changed, added, taken out or moved. What comes later cannot be judged by this export.`,
    };
  }
}

function withHashes(places: readonly Place[], hashes: readonly string[]): readonly Subtree[] | undefined {
  if (places.length !== hashes.length) return undefined;
  return places.map((place, index) => ({ ...place, hash: Buffer.from(hashes[index] ?? '', 'base64') }));
}
