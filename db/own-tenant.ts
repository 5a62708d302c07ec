import { sql } from 'kysely';
import type { TenantSql } from './tables.ts';

/** SQL for the tenant of the transaction; row-level security may show more than what belongs to it. */
export const OWN_TENANT = sql<string>`current_setting('app.tenant')`;

/** Lets one change of these things of the tenant through at a time, until the transaction ends. */
export async function lockOwn(db: TenantSql, things: 'members' | 'policies'): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext(${things}), hashtext(${OWN_TENANT}))::text`.execute(db);
}
