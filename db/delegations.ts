import { type RawBuilder, sql } from 'kysely';
import type { Delegation } from '../domain/approval.ts';
import { type Page, type PageRequest, pageOf, rowsToRead, startOf } from './page.ts';
import type { TenantSql } from './tables.ts';

export interface NewDelegation {
  readonly id: string;
  readonly fromId: string;
  readonly toId: string;
  readonly until: Date;
  readonly reason: string | null;
}

export interface DelegationFilter {
  /** Those from or to this principal. */
  readonly of?: string | undefined;
  /** Those that hold now, or those that have ended. */
  readonly live?: boolean | undefined;
}

/** SQL that is true while the delegation `d` holds, by the database’s clock. */
export const LIVE_DELEGATION: RawBuilder<boolean> = sql<boolean>`(d.revoked_at is null and d.until > clock_timestamp())`;

/** SQL for the ids of all who delegate to the principal of this column or parameter at this moment. */
export function delegatorsOf(principal: RawBuilder<unknown>): RawBuilder<string[]> {
  return sql<string[]>`array(select distinct d.from_id from delegations d
    where d.to_id = ${principal} and ${LIVE_DELEGATION} order by d.from_id)`;
}

/** Keeps a delegation. Both must be principals of the tenant. */
export async function insertDelegation(db: TenantSql, delegation: NewDelegation): Promise<void> {
  const { id, fromId, toId, until, reason } = delegation;
  await db.insertInto('delegations').values({ id, from_id: fromId, to_id: toId, until, reason }).execute();
}

/** One delegation, whether it holds or has ended. */
export async function findDelegation(db: TenantSql, id: string): Promise<Delegation | undefined> {
  const row = await delegationRows(db).where('d.id', '=', id).executeTakeFirst();
  return row && toDelegation(row);
}

/** The tenant’s delegations, newest first. */
export async function listDelegations(
  db: TenantSql,
  { filter = {}, ...page }: { filter?: DelegationFilter } & PageRequest,
): Promise<Page<Delegation>> {
  const query = ['delegations', filter.of, filter.live];
  const after = startOf(page, query);
  let rows = delegationRows(db).orderBy('d.id', 'desc').limit(rowsToRead(page));
  if (after !== undefined) rows = rows.where('d.id', '<', after);
  if (filter.of !== undefined) rows = rows.where(sql<boolean>`${filter.of} in (d.from_id, d.to_id)`);
  if (filter.live !== undefined) rows = rows.where(sql<boolean>`${LIVE_DELEGATION} = ${filter.live}`);
  return pageOf((await rows.execute()).map(toDelegation), { request: page, query });
}

/** How many people delegate to somebody at this moment; locks their delegations against others being added meanwhile. */
export async function countDelegators(db: TenantSql, toId: string): Promise<number> {
  await sql`select pg_advisory_xact_lock(hashtext('delegations'), hashtext(${toId}))`.execute(db);
  const { rows } = await sql<{ delegators: string[] }>`
    select ${delegatorsOf(sql`${toId}`)} as delegators`.execute(db);
  return rows[0]?.delegators.length ?? 0;
}

/** Ends a delegation now; answers whether it still held. */
export async function revokeDelegation(db: TenantSql, id: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('delegations as d')
    .set({ revoked_at: sql<Date>`clock_timestamp()` })
    .where('d.id', '=', id)
    .where(LIVE_DELEGATION)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

function delegationRows(db: TenantSql) {
  return db
    .selectFrom('delegations as d')
    .innerJoin('principals as f', 'f.id', 'd.from_id')
    .innerJoin('principals as t', 't.id', 'd.to_id')
    .select(['d.id', 'd.from_id', 'f.name as from_name', 'd.to_id', 't.name as to_name'])
    .select(['d.until', 'd.reason', 'd.created_at', 'd.revoked_at']);
}

type DelegationRow = Awaited<ReturnType<ReturnType<typeof delegationRows>['execute']>>[number];

function toDelegation(row: DelegationRow): Delegation {
  return {
    id: row.id,
    from: { id: row.from_id, name: row.from_name },
    to: { id: row.to_id, name: row.to_name },
    until: row.until.toISOString(),
    reason: row.reason,
    created_at: row.created_at.toISOString(),
    revoked_at: row.revoked_at?.toISOString() ?? null,
  };
}
