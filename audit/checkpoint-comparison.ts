import { openCheckpoint, originFor, type SignedCheckpoint } from './checkpoint.ts';
import type { ExportHeader } from './export-format.ts';
import type { Finding, VerifyReport } from './findings.ts';
import { FollowedTree } from './followed-tree.ts';
import type { NoteVerifier } from './note.ts';

/** Holds the records of an export against its own checkpoints and those kept outside. */
export class CheckpointComparison {
  readonly #header: ExportHeader;
  readonly #believed: readonly NoteVerifier[];
  readonly #find: (finding: Finding) => void;
  readonly #tree: FollowedTree;
  /** Those not passed yet, the smallest first. */
  #anchors: readonly SignedCheckpoint[];
  /** Sizes of anchored checkpoints that these records have, and that were not among theirs so far. */
  readonly #unseen: Set<number>;
  readonly agreed = { checkpoints: 0, anchors: 0 };
  provenTo: VerifyReport['provenTo'] = null;

  constructor(
    header: ExportHeader,
    given: {
      readonly believed: readonly NoteVerifier[];
      readonly anchors: readonly string[];
      readonly find: (finding: Finding) => void;
    },
  ) {
    this.#header = header;
    this.#believed = given.believed;
    this.#find = given.find;
    this.#tree = new FollowedTree(header.begin, header.left);
    this.#anchors = given.anchors
      .flatMap(note => this.#believe(note, 'A checkpoint of the anchor') ?? [])
      .filter(({ size }) => size > header.begin)
      .sort((one, other) => one.size - other.size);
    const within = this.#anchors.filter(({ size }) => size <= header.end);
    this.#unseen = new Set(within.map(({ size }) => size));
  }

  /** The next record’s leaf. */
  add(sequence: number, leaf: Buffer): void {
    this.#tree.add(sequence, leaf);
    const passed = this.#anchors.filter(({ size }) => size <= sequence + 1);
    this.#anchors = this.#anchors.slice(passed.length);
    for (const anchor of passed) if (anchor.size === sequence + 1) this.#holdAgainstAnchor(anchor);
  }

  /** The sequences are not as they were sealed, so the tree says no more. */
  lose(): void {
    this.#tree.lose();
  }

  /** A checkpoint of the export, standing behind `next` records. */
  checkpoint(note: string, next: number): void {
    const checkpoint = this.#believe(note, `The checkpoint behind sequence ${next - 1}`);
    if (checkpoint === undefined) return;
    this.#unseen.delete(checkpoint.size);
    if (this.#tree.size === undefined) return;
    if (checkpoint.size === next) return void this.#holdAgainst(checkpoint, 'The checkpoint');
    const { agreedTo } = this.#tree;
    this.#find({
      kind: 'reordered',
      from: agreedTo,
      to: Math.max(next, checkpoint.size),
      message: `A checkpoint of ${checkpoint.size} records stands behind ${next}: between sequence ${agreedTo} and here records were taken out, put in or moved.`,
    });
    this.#tree.lose();
  }

  /** Behind the last record: against the newest checkpoint and the anchors above. */
  end(): void {
    const { end, size, checkpoint, right } = this.#header;
    if (this.#tree.size === end) this.#tree.addRange({ begin: end, end: size }, right);
    const newest = checkpoint === null ? undefined : this.#believe(checkpoint, 'The newest checkpoint');
    if (checkpoint === null && size > 0)
      this.#find({ kind: 'unsigned', message: `There is no checkpoint over the ${size} sealed records.` });
    if (newest && newest.size !== size) this.#notOfThatSize(newest);
    else if (newest && this.#tree.size !== undefined) this.#holdAgainst(newest, 'The newest checkpoint');
    this.#holdAgainstLaterAnchors();
    // Of another history all would be missing, and that it is another one is said already.
    if (this.#tree.size === undefined) return;
    for (const gone of this.#unseen)
      this.#find({
        kind: 'missing',
        message: `The checkpoint of ${gone} records, which the anchor holds, is not among those of the audit any more.`,
      });
  }

  #notOfThatSize(newest: SignedCheckpoint): void {
    this.#find({
      kind: 'truncated',
      from: this.#header.size,
      to: newest.size,
      message: `The newest checkpoint is of ${newest.size} records; the export says it is of ${this.#header.size}.`,
    });
    this.#tree.lose();
  }

  #holdAgainstLaterAnchors(): void {
    const { size } = this.#header;
    const same = this.#anchors.find(anchor => anchor.size === size);
    if (same && this.#tree.size === size) this.#holdAgainstAnchor(same);
    const above = this.#anchors.find(anchor => anchor.size > size);
    if (above === undefined) return;
    this.#find({
      kind: 'truncated',
      from: size,
      to: above.size,
      message: `The anchor holds a checkpoint of ${above.size} records, signed ${above.signedAt.toISOString()}; these are ${size}. The end was cut off, or the database was restored from an older copy; or the anchor was fetched after the export was made: fetch it first, then export.`,
    });
  }

  #holdAgainst(checkpoint: SignedCheckpoint, what: string): void {
    const finding = this.#tree.differs(checkpoint, { what, kind: 'rewritten' });
    if (finding) this.#find(finding);
    else this.agreed.checkpoints += 1;
  }

  #holdAgainstAnchor(anchor: SignedCheckpoint): void {
    if (this.#tree.size === undefined) return;
    const finding = this.#tree.differs(anchor, { what: 'The anchored checkpoint', kind: 'forked' });
    if (finding) return void this.#find(finding);
    this.agreed.anchors += 1;
    this.provenTo = { size: anchor.size, signedAt: anchor.signedAt.toISOString() };
  }

  #believe(note: string, what: string): SignedCheckpoint | undefined {
    const { tenant } = this.#header;
    const checkpoint = openCheckpoint(note, this.#believed);
    if (checkpoint && this.#believed.some(({ name }) => originFor(name, tenant) === checkpoint.origin))
      return checkpoint;
    this.#find({
      kind: 'unsigned',
      message: `${what} is not one of ${tenant} that a key named here has signed.`,
    });
    return undefined;
  }
}
