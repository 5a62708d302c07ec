import { sql } from 'kysely';
import { newId } from '../domain/ids.ts';
import type { Policy } from '../domain/policy.ts';
import type { Environment } from '../domain/tenant.ts';
import { type Page, type PageRequest, pageOf, rowsToRead, startOf } from './page.ts';
import type { TenantSql } from './tables.ts';

/** A policy before it has an id; without `scope_env` it holds in every environment. */
export type NewPolicy = Omit<Policy, 'id' | 'scope_env'> & {
  readonly scope_env?: Environment | null | undefined;
};

/** A policy as it is kept. */
export interface KeptPolicy extends Policy {
  readonly tenantId: string;
  readonly createdAt: Date;
}

/** The tenant's policies in their order. */
export async function listPolicies(db: TenantSql): Promise<Policy[]> {
  return db.selectFrom('policies').select(['id', 'name', 'scope_env', 'rules']).orderBy('position').execute();
}

/** One page of the tenant's policies, newest first; with an environment, those that are scoped to it. */
export async function pageOfPolicies(
  db: TenantSql,
  { scopeEnv, ...page }: { scopeEnv?: Environment | undefined } & PageRequest,
): Promise<Page<KeptPolicy>> {
  const query = ['policies', scopeEnv];
  const after = startOf(page, query);
  let rows = keptPolicies(db).orderBy('id', 'desc').limit(rowsToRead(page));
  if (after !== undefined) rows = rows.where('id', '<', after);
  if (scopeEnv !== undefined) rows = rows.where('scope_env', '=', scopeEnv);
  return pageOf(await rows.execute(), { request: page, query });
}

/** One policy, or nothing. */
export async function findPolicy(db: TenantSql, policyId: string): Promise<KeptPolicy | undefined> {
  return keptPolicies(db).where('id', '=', policyId).executeTakeFirst();
}

/** Lets one change of the tenant's policies through at a time, until the transaction ends. */
export async function lockPolicies(db: TenantSql): Promise<void> {
  await sql`
    select pg_advisory_xact_lock(hashtext('policies'), hashtext(current_setting('app.tenant')))::text`.execute(
    db,
  );
}

/** How many policies the tenant has. */
export async function countPolicies(db: TenantSql): Promise<number> {
  const { count } = await db
    .selectFrom('policies')
    .select(({ fn }) => fn.countAll<number | string>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Adds a policy behind all others; answers nothing when its name is taken. Within a transaction that holds the lock. */
export async function addPolicy(
  db: TenantSql,
  { id, name, scope_env, rules }: NewPolicy & { readonly id: string },
): Promise<KeptPolicy | undefined> {
  const last = sql<number>`(select coalesce(max(position), -1) + 1 from policies)`;
  const made = await db
    .insertInto('policies')
    .values({ id, name, scope_env: scope_env ?? null, rules: JSON.stringify(rules), position: last })
    .onConflict(conflict => conflict.columns(['tenant_id', 'name']).doNothing())
    .returning('id')
    .executeTakeFirst();
  return made && findPolicy(db, id);
}

/** Takes a policy away; answers whether it was there. Within a transaction that holds the lock. */
export async function removePolicy(db: TenantSql, policyId: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('policies').where('id', '=', policyId).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Replaces all policies of the tenant; within one transaction, so that nobody ever sees none. */
export async function replacePolicies(db: TenantSql, policies: readonly NewPolicy[]): Promise<void> {
  await lockPolicies(db);
  await db.deleteFrom('policies').execute();
  for (const policy of policies) await addPolicy(db, { ...policy, id: newId('policy') });
}

function keptPolicies(db: TenantSql) {
  return db
    .selectFrom('policies')
    .select(['id', 'name', 'scope_env', 'rules', 'tenant_id as tenantId', 'created_at as createdAt']);
}

/** Policies to begin with. `open`: everything is allowed. `sample`: also, but an upgrade in production needs one approval within a day. */
export const STARTER_POLICIES: Readonly<Record<'open' | 'sample', NewPolicy>> = {
  open: { name: 'open', rules: [{ kind: 'allow_action', selector: {} }] },
  sample: {
    name: 'sample',
    rules: [
      { kind: 'allow_action', selector: {} },
      {
        kind: 'require_approval',
        selector: { action: 'deploy.upgrade', environment: 'production' },
        params: { quorum: 1, expires_in_seconds: 24 * 3600 },
      },
    ],
  },
};
