import type { Snapshot } from '../domain/lifecycle.ts';
import { type Page, type PageRequest, pageOf, rowsToRead, startOf } from './page.ts';
import type { TenantSql } from './tables.ts';

/** Snapshots of a runtime, newest first. */
export async function listSnapshots(
  db: TenantSql,
  { runtimeId, ...page }: { readonly runtimeId: string } & PageRequest,
): Promise<Page<Snapshot>> {
  const query = ['snapshots', runtimeId];
  const after = startOf(page, query);
  let rows = db
    .selectFrom('snapshots')
    .select(['id', 'runtime_id', 'name', 'description', 'status', 'contents', 'operation_id'])
    .select(['created_at', 'ready_at'])
    .where('runtime_id', '=', runtimeId)
    .orderBy('id', 'desc')
    .limit(rowsToRead(page));
  if (after !== undefined) rows = rows.where('id', '<', after);
  const items = (await rows.execute()).map(row => ({
    ...row,
    created_at: row.created_at.toISOString(),
    ready_at: row.ready_at?.toISOString() ?? null,
  }));
  return pageOf(items, { request: page, query });
}
