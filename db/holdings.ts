import { type RawBuilder, sql } from 'kysely';
import type { Holding } from '../domain/holding.ts';
import type { TenantSql } from './tables.ts';

/**
 * As one JSON list: what all other runtimes of the tenant hold or are about to hold, those that hold the same counted
 * together. Only read when a policy in force looks at costs.
 */
export function holdingsBeside(runtimeId: string): RawBuilder<Holding[]> {
  return sql<Holding[]>`case when exists (select from policies where rules @? ${LOOKS_AT_COSTS})
    then coalesce((select jsonb_agg(to_jsonb(h)) from (
      select r.type, r.project, r.environment, r.footprint - 'image' as footprint,
        r.asked_footprint - 'image' as asked, case when r.footprint is null then r.spec end as spec,
        count(*)::int as count
      from runtimes r where r.id <> ${runtimeId} and r.phase not in ('deleted', 'not_installed', 'install_failed') group by 1, 2, 3, 4, 5, 6) h), '[]'::jsonb)
    else '[]'::jsonb end`;
}

const LOOKS_AT_COSTS = sql.lit('$[*] ? (@.kind == "budget_guardrail" || @.when like_regex "cost")');

/** The same, read by itself. */
export async function readHoldings(db: TenantSql, runtimeId: string): Promise<Holding[]> {
  const { rows } = await sql<{
    holdings: Holding[];
  }>`select ${holdingsBeside(runtimeId)} as holdings`.execute(db);
  return rows[0]?.holdings ?? [];
}
