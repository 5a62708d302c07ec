import { AuditBroken } from '../audit/broken.ts';
import { openCheckpoint, originFor, type SignedCheckpoint, signCheckpoint } from '../audit/checkpoint.ts';
import { leafHash } from '../audit/leaf.ts';
import { type NoteSigner, type NoteVerifier, verifierOf } from '../audit/note.ts';
import { grow, rootOf, subtreesOf } from '../audit/tree.ts';
import { appendAudit } from '../db/audit.ts';
import { checkpointsBetween, type KeptCheckpoint, newestCheckpoint } from '../db/audit-checkpoints.ts';
import {
  lockAuditStream,
  oldestUnsealed,
  readTreeEnd,
  readUnsealed,
  type TreeEnd,
  type UnsealedRecord,
  writeSealed,
} from '../db/audit-sealing.ts';
import { readSubtrees, rootAt } from '../db/audit-tree.ts';
import type { Database } from '../db/database.ts';
import type { TenantSql } from '../db/tables.ts';
import type { AuditActor } from '../domain/audit.ts';
import type { Anchor } from './audit-anchor.ts';

/** What sealing needs. */
export interface SealingParts {
  readonly database: Pick<Database, 'inTenant'>;
  readonly signer: NoteSigner;
  /** Keys of before, by which older checkpoints were signed. */
  readonly formerKeys?: readonly NoteVerifier[];
  readonly anchor: Anchor | undefined;
  /** How many records one transaction seals. Default 2,000. */
  readonly batch?: number;
}

/** What one round did for one tenant. */
export interface Sealed {
  readonly sealed: number;
  readonly size: number;
  /** Whether a full batch was sealed, so that more may be waiting. */
  readonly more: boolean;
  readonly oldestUnsealed: Date | undefined;
  /** Present when nothing of the tenant was in the anchor although so many records were sealed. */
  readonly anchoredAnew?: number;
}

/** Seals what can be sealed of one tenant in one transaction and anchors the checkpoint; nothing when another process is at it. */
export async function sealRound(parts: SealingParts, tenant: string): Promise<Sealed | undefined> {
  const sealed = await parts.database.inTenant(tenant, async db =>
    (await lockAuditStream(db)) ? sealLocked(db, { ...parts, tenant }) : undefined,
  );
  // Only what is committed is anchored; if this ends in between, the next round does it.
  const anchoredAnew = sealed && (await anchorNewest(parts, tenant));
  return sealed && { ...sealed, ...(anchoredAnew !== undefined && { anchoredAnew }) };
}

type Round = SealingParts & { readonly tenant: string };

async function sealLocked(db: TenantSql, round: Round): Promise<Sealed> {
  const { batch = 2_000 } = round;
  const end = await readTreeEnd(db);
  await compareWithAnchor(db, { ...round, end });
  const records = await readUnsealed(db, end, batch);
  if (records.length > 0) await sealRecords(db, { ...round, end, records });
  const sealedTo = records.at(-1) ?? end.last;
  return {
    sealed: records.length,
    size: end.size + records.length,
    more: records.length === batch,
    oldestUnsealed: await oldestUnsealed(db, { size: end.size, last: sealedTo }),
  };
}

async function sealRecords(
  db: TenantSql,
  { end, records, ...round }: Round & { end: TreeEnd; records: readonly UnsealedRecord[] },
): Promise<void> {
  const { tenant, signer } = round;
  for (const record of records) refuseAltered(record);
  const before = await readSubtrees(db, subtreesOf({ begin: 0, end: end.size }));
  refuseOtherTree(await newestCheckpoint(db), { ...round, end, root: rootOf(before) });
  const leaves = records.map(({ leaf }, index) => ({ level: 0, position: end.size + index, hash: leaf }));
  const { standing, made } = grow(before, leaves);
  const size = end.size + records.length;
  const checkpoint = signCheckpoint({ tenant, size, root: rootOf(standing), signedAt: new Date() }, signer);
  await writeSealed(db, { begin: end.size, records, nodes: made, checkpoint });
}

/** Nothing is put on a tree that is not the one signed last: whoever may write leaves could have it signed. */
function refuseOtherTree(
  newest: KeptCheckpoint | undefined,
  { end, root, ...round }: Round & { end: TreeEnd; root: Buffer },
): void {
  const { tenant } = round;
  const { size = 0, note } = newest ?? {};
  if (size !== end.size)
    throw new AuditBroken(
      `In the database the tree holds ${end.size} records and its newest checkpoint is of ${size}: leaves or checkpoints of ${tenant} were put in or taken out. ${WHAT_NEXT}`,
    );
  if (note === undefined) return;
  const signed = believed(note, round);
  if (signed === undefined)
    throw new AuditBroken(
      `The newest checkpoint in the database is not signed by the key of this installation (${tenant}). ${KEY_CHANGED} Otherwise it was tampered with.`,
    );
  if (signed.size !== size || !signed.root.equals(root))
    throw new AuditBroken(
      `In the database the tree is not that of its newest checkpoint, of ${size} records of ${tenant}. ${WHAT_NEXT}`,
    );
}

/** What is sealed must be what was written: the hash made then, of the record there now, under its own name. */
function refuseAltered({ id, tenantId, at, record, leaf }: UnsealedRecord): void {
  const isItself =
    record.id === id && record.tenant_id === tenantId && new Date(record.at).getTime() === at.getTime();
  if (isItself && leafHash(record).equals(leaf)) return;
  throw new AuditBroken(
    `The audit record ${id} is not as it was written: its hash does not fit. It was changed past the application. ` +
      'Nothing more of this tenant is sealed until somebody has looked into it.',
  );
}

async function compareWithAnchor(db: TenantSql, round: Round & { end: TreeEnd }): Promise<void> {
  const anchored = await newestAnchored(round);
  if (anchored === undefined) return;
  const { tenant, end, anchor } = round;
  const told = `The anchor ${anchor?.place} holds a checkpoint of ${anchored.size} records of ${tenant}, signed ${anchored.signedAt.toISOString()}`;
  if (anchored.size > end.size) {
    throw new AuditBroken(
      `${told}, and the database has sealed ${end.size}: it was restored from an older copy, or cut off. ${WHAT_NEXT}`,
    );
  }
  if (!(await rootAt(db, anchored.size)).equals(anchored.root))
    throw new AuditBroken(`${told}, and those in the database are others: it was rewritten. ${WHAT_NEXT}`);
}

const KEY_CHANGED = 'Was the key changed? Then name the former public key in RUNTIMEAI_AUDIT_FORMER_KEYS.';
const WHAT_NEXT = 'Nothing is sealed, so that no second history begins. docs/audit.md says what to do.';

async function newestAnchored(round: Round): Promise<SignedCheckpoint | undefined> {
  const { anchor, tenant } = round;
  const note = await anchor?.newest(tenant);
  if (note === undefined) return undefined;
  const checkpoint = believed(note, round);
  if (checkpoint) return checkpoint;
  throw new AuditBroken(
    `The newest checkpoint of ${tenant} in the anchor ${anchor?.place} is not signed by the key of this installation. ` +
      `${KEY_CHANGED} Otherwise the anchor was tampered with.`,
  );
}

/** A checkpoint of the tenant that this installation has signed, by its key of now or of before. */
function believed(note: string, { tenant, signer, formerKeys = [] }: Round): SignedCheckpoint | undefined {
  const checkpoint = openCheckpoint(note, [verifierOf(signer), ...formerKeys]);
  const names = [signer, ...formerKeys].map(({ name }) => originFor(name, tenant));
  return checkpoint && names.includes(checkpoint.origin) ? checkpoint : undefined;
}

/**
 * Under the lock of the tenant, so that checkpoints reach the anchor in their order. Answers how many records were sealed
 * when there was nothing in the anchor that should have been.
 */
async function anchorNewest(parts: SealingParts, tenant: string): Promise<number | undefined> {
  const { anchor, database } = parts;
  if (anchor === undefined) return undefined;
  return database.inTenant(tenant, async db => {
    if (!(await lockAuditStream(db))) return undefined;
    const newest = await newestCheckpoint(db);
    if (newest === undefined) return undefined;
    const anchored = await newestAnchored({ ...parts, tenant });
    if (anchored !== undefined && anchored.size >= newest.size) return undefined;
    const isAnew = anchored === undefined && (await hasEarlier(db, newest));
    if (isAnew) await recordAnew(db, { tenant, anchor, size: newest.size });
    await anchor.append(tenant, { ...newest, origin: originFor(parts.signer.name, tenant) });
    return isAnew ? newest.size : undefined;
  });
}

async function hasEarlier(db: TenantSql, { size }: { size: number }): Promise<boolean> {
  return (await checkpointsBetween(db, { above: 0, upTo: size, limit: 2 })).length > 1;
}

/** Whoever could change the database might have taken the anchor away before. */
async function recordAnew(
  db: TenantSql,
  { tenant, anchor, size }: { tenant: string; anchor: Anchor; size: number },
): Promise<void> {
  await appendAudit(db, {
    actor: SEALER,
    action: 'audit.anchored_anew',
    object: { kind: 'audit', id: tenant, name: null },
    outcome: 'succeeded',
    reason: anchoredAnewInWords({ tenant, place: anchor.place, size }),
    details: { size },
  });
}

/** Who acts when the audit itself is the matter. */
export const SEALER: AuditActor = {
  id: 'system',
  name: 'audit sealer',
  kind: 'system',
  on_behalf_of: null,
  credential: null,
};

/** What is told of an anchor that begins anew. */
export function anchoredAnewInWords(of: { tenant: string; place: string | undefined; size: number }): string {
  return (
    `The anchor ${of.place} holds nothing of ${of.tenant}, of which ${of.size} records are sealed: it begins anew. ` +
    'That is so when it was just set, or moved away after a restore. Otherwise find out where the former one is.'
  );
}
