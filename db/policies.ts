import { sql } from 'kysely';
import type { Enforcement, NewPolicy, Policy, PolicyRule } from '../domain/policy.ts';
import type { Environment } from '../domain/tenant.ts';
import { OWN_TENANT } from './own-tenant.ts';
import { type Page, type PageRequest, pageOf, rowsToRead, startOf } from './page.ts';
import type { TenantSql } from './tables.ts';

/** A policy as it is kept. */
export interface KeptPolicy extends Policy {
  readonly tenantId: string;
  readonly createdAt: Date;
  readonly updatedAt: Date | null;
}

/** A policy as it was from one change of it to the next. */
export interface PolicyVersion {
  readonly version: number;
  readonly name: string;
  readonly scope_env: Environment | null;
  readonly mode: Enforcement;
  readonly rules: PolicyRule[];
  /** With this version it was taken away. */
  readonly removed: boolean;
  /** Principal, or `operator` for `npm run admin`; nothing for what an earlier release made. */
  readonly changedBy: string | null;
  readonly changedAt: Date;
}

/** The tenant's own policies in their order. */
export async function listPolicies(db: TenantSql): Promise<Policy[]> {
  return policiesOf(db).where('tenant_id', '=', OWN_TENANT).orderBy('position').execute();
}

/** As one JSON list: every policy that holds for the tenant, those of the tenants above it first. */
export const POLICIES_IN_FORCE = sql<
  Policy[]
>`coalesce((select jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name,
  'version', p.version, 'mode', p.mode, 'scope_env', p.scope_env, 'rules', p.rules,
  'inherited_from', nullif(p.tenant_id, ${OWN_TENANT}))
  order by p.tenant_id = ${OWN_TENANT}, p.tenant_id, p.position) from policies p), '[]'::jsonb)`;

/** Every policy that holds for the tenant, in the order of `POLICIES_IN_FORCE`. */
export async function policiesInForce(db: TenantSql): Promise<Policy[]> {
  const { rows } = await sql<{ policies: Policy[] }>`select ${POLICIES_IN_FORCE} as policies`.execute(db);
  return rows[0]?.policies ?? [];
}

export interface PolicyFilter {
  /** Only policies that are scoped to it. */
  readonly scopeEnv?: Environment | undefined;
  /** Those of the tenants above too. */
  readonly inherited?: boolean | undefined;
}

/** One page of the tenant's policies, newest first. */
export async function pageOfPolicies(
  db: TenantSql,
  { scopeEnv, inherited = false, ...page }: PolicyFilter & PageRequest,
): Promise<Page<KeptPolicy>> {
  const query = ['policies', scopeEnv, inherited];
  const after = startOf(page, query);
  let rows = keptPolicies(db).orderBy('id', 'desc').limit(rowsToRead(page));
  if (!inherited) rows = rows.where('tenant_id', '=', OWN_TENANT);
  if (after !== undefined) rows = rows.where('id', '<', after);
  if (scopeEnv !== undefined) rows = rows.where('scope_env', '=', scopeEnv);
  return pageOf(await rows.execute(), { request: page, query });
}

/** One policy that holds for the tenant, its own or one of a tenant above; or nothing. */
export async function findPolicy(db: TenantSql, policyId: string): Promise<KeptPolicy | undefined> {
  return keptPolicies(db).where('id', '=', policyId).executeTakeFirst();
}

/** One page of the versions of one of the tenant's own policies, newest first; also of one that was taken away. */
export async function pageOfVersions(
  db: TenantSql,
  { policyId, ...page }: { readonly policyId: string } & PageRequest,
): Promise<Page<PolicyVersion & { readonly id: string }>> {
  const query = ['policy-versions', policyId];
  const after = startOf(page, query);
  let rows = db
    .selectFrom('policy_versions')
    .select(['version', 'name', 'scope_env', 'mode', 'rules', 'removed'])
    .select(['changed_by as changedBy', 'changed_at as changedAt'])
    .select(sql<string>`version::text`.as('id'))
    .where('policy_id', '=', policyId)
    .orderBy('version', 'desc')
    .limit(rowsToRead(page));
  if (after !== undefined) rows = rows.where('version', '<', Number(after));
  return pageOf(await rows.execute(), { request: page, query });
}

/** Whom the tenant's policies can reach: itself and every tenant below it. */
export async function tenantsReached(db: TenantSql): Promise<string[]> {
  const tenants = await db.selectFrom('tenants').select('tenant_id').orderBy('tenant_id').execute();
  return tenants.map(({ tenant_id }) => tenant_id);
}

/** How many policies the tenant has. */
export async function countPolicies(db: TenantSql): Promise<number> {
  const { count } = await db
    .selectFrom('policies')
    .where('tenant_id', '=', OWN_TENANT)
    .select(({ fn }) => fn.countAll<number | string>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** How many rules the tenant's policies have together, without this one's. */
export async function countRules(db: TenantSql, without: string): Promise<number> {
  const { count } = await db
    .selectFrom('policies')
    .where('tenant_id', '=', OWN_TENANT)
    .where('id', '<>', without)
    .select(sql<number>`coalesce(sum(jsonb_array_length(rules)), 0)::int`.as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

function keptPolicies(db: TenantSql) {
  return policiesOf(db).select([
    'tenant_id as tenantId',
    'created_at as createdAt',
    'updated_at as updatedAt',
  ]);
}

function policiesOf(db: TenantSql) {
  return db
    .selectFrom('policies')
    .select(['id', 'name', 'scope_env', 'rules', 'version', 'mode'])
    .select(sql<string | null>`nullif(tenant_id, ${OWN_TENANT})`.as('inherited_from'));
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
