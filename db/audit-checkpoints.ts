import { type Page, type PageRequest, pageOf, rowsToRead, startOf } from './page.ts';
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

/** One page of checkpoints, newest first. */
export async function pageOfCheckpoints(db: TenantSql, request: PageRequest): Promise<Page<KeptCheckpoint>> {
  const query = ['audit checkpoints'];
  const after = startOf(request, query);
  let rows = columns(db).orderBy('size', 'desc').limit(rowsToRead(request));
  if (after !== undefined) rows = rows.where('size', '<', after.replace(/[^0-9]/g, ''));
  const found = await rows.execute();
  const page = pageOf(
    found.map(row => ({ ...kept(row), id: String(row.size) })),
    { request, query },
  );
  return { ...page, items: page.items.map(({ id: _, ...checkpoint }) => checkpoint) };
}

/** Checkpoints above one size and up to another, in their order; the first so many. */
export async function checkpointsBetween(
  db: TenantSql,
  { above, upTo, limit }: { above: number; upTo: number; limit?: number },
): Promise<readonly KeptCheckpoint[]> {
  const all = columns(db).where('size', '>', String(above)).where('size', '<=', String(upTo)).orderBy('size');
  const rows = await (limit === undefined ? all : all.limit(limit)).execute();
  return rows.map(kept);
}

function columns(db: TenantSql) {
  return db.selectFrom('audit_checkpoints').select(['size', 'root', 'note', 'signed_at']);
}

function kept(row: { size: string; root: Buffer; note: string; signed_at: Date }): KeptCheckpoint {
  return { size: Number(row.size), root: row.root, note: row.note, signedAt: row.signed_at };
}
