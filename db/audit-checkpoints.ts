import type { TenantSql } from './tables.ts';

/** A checkpoint as the database keeps it. */
export interface KeptCheckpoint {
  readonly size: number;
  readonly root: Buffer;
  readonly note: string;
  readonly signedAt: Date;
}

/** The newest checkpoint, if anything has been sealed. */
export async function newestCheckpoint(db: TenantSql): Promise<KeptCheckpoint | undefined> {
  const row = await columns(db).orderBy('size', 'desc').limit(1).executeTakeFirst();
  return row && kept(row);
}

/** The first checkpoint that covers so many records, if there is one already. */
export async function checkpointCovering(db: TenantSql, size: number): Promise<KeptCheckpoint | undefined> {
  const row = await columns(db).where('size', '>=', String(size)).orderBy('size').limit(1).executeTakeFirst();
  return row && kept(row);
}

/** Checkpoints above one size and up to another, in their order. */
export async function checkpointsBetween(
  db: TenantSql,
  { above, upTo }: { above: number; upTo: number },
): Promise<readonly KeptCheckpoint[]> {
  const rows = await columns(db)
    .where('size', '>', String(above))
    .where('size', '<=', String(upTo))
    .orderBy('size')
    .execute();
  return rows.map(kept);
}

function columns(db: TenantSql) {
  return db.selectFrom('audit_checkpoints').select(['size', 'root', 'note', 'signed_at']);
}

function kept(row: { size: string; root: Buffer; note: string; signed_at: Date }): KeptCheckpoint {
  return { size: Number(row.size), root: row.root, note: row.note, signedAt: row.signed_at };
}
