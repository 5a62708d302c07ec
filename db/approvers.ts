import { sql } from 'kysely';
import type { Approver } from '../domain/approver.ts';
import { delegatorsOf, LIVE_DELEGATION } from './delegations.ts';
import { GRANTS } from './principals.ts';
import type { TenantSql } from './tables.ts';

/** These principals, and those who delegate to them, as they are at this moment. Who is not there is left out. */
export async function findApprovers(db: TenantSql, principalIds: readonly string[]): Promise<Approver[]> {
  const ids = [...new Set(principalIds)];
  const { rows } = await sql<Approver>`
    select p.id, p.name, p.kind, coalesce(p.owner_id, p.id) as "personId", p.groups,
      (p.disabled_at is not null or o.disabled_at is not null) as disabled,
      ${GRANTS} as grants, ${delegatorsOf(sql`p.id`)} as "inPlaceOf"
    from principals p left join principals o on o.id = p.owner_id
    where p.id = any (${ids}::text[])
      or p.id in (select d.from_id from delegations d where d.to_id = any (${ids}::text[]) and ${LIVE_DELEGATION})
    order by p.id`.execute(db);
  return rows;
}
