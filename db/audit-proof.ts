import { type InclusionProof, inclusionRanges } from '../audit/proof.ts';
import { type KeptCheckpoint, newestCheckpoint } from './audit-checkpoints.ts';
import { findAuditLeaf } from './audit-queries.ts';
import { hashRanges } from './audit-tree.ts';
import type { TenantSql } from './tables.ts';

/** That a record is among those of the newest checkpoint. */
export interface SealedProof extends InclusionProof {
  readonly checkpoint: KeptCheckpoint;
}

/** The proof of a record by the newest checkpoint; nothing while the record is not sealed. */
export async function findProof(db: TenantSql, auditId: string): Promise<SealedProof | undefined> {
  const place = await findAuditLeaf(db, auditId);
  const checkpoint = await newestCheckpoint(db);
  if (!place || !checkpoint || place.sequence >= checkpoint.size) return undefined;
  const { size } = checkpoint;
  const path = await hashRanges(db, inclusionRanges(place.sequence, size));
  return { ...place, size, path, checkpoint };
}
