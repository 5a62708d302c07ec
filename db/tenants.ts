import { sql } from 'kysely';
import type { ApiKeyRequest } from '../domain/api-key.ts';
import type { NewPolicy } from '../domain/policy.ts';
import { NewTenantId } from '../domain/tenant.ts';
import { insertApiKey } from './api-keys.ts';
import { appendAudit } from './audit.ts';
import { type Author, OPERATOR } from './author.ts';
import type { Database } from './database.ts';
import { OWN_TENANT } from './own-tenant.ts';
import { type Page, type PageRequest, pageOf, rowsToRead, startOf } from './page.ts';
import { replacePolicies } from './policy-changes.ts';
import { type Project, setProjectQuota } from './projects.ts';
import type { TenantSql } from './tables.ts';

/** The owner's way to the database, as `openAsOwner` gives it. */
type OwnerDatabase = Pick<Database, 'inTenant'>;

/** A tenant as it is kept; `ancestors` are those above it, the nearest first. */
export interface KeptTenant {
  readonly id: string;
  readonly name: string | null;
  readonly ancestors: readonly string[];
  readonly createdAt: Date;
}

/** What makes a tenant: its id, its first policies, and those above it, the nearest first. */
export interface NewTenant {
  readonly tenantId: string;
  readonly name?: string | undefined;
  readonly policies: readonly NewPolicy[];
}

/**
 * Makes a tenant with its policies, below another one where that is named; a tenant that is there already keeps what it
 * has. Answers whether it was made.
 */
export async function createTenant(
  owner: OwnerDatabase,
  { parent, ...tenant }: NewTenant & { parent?: string | undefined },
): Promise<boolean> {
  if (parent === undefined)
    return owner.inTenant(tenant.tenantId, db => insertTenant(db, { ...tenant, ancestors: [] }, OPERATOR));
  return owner.inTenant(parent, async db => {
    await requireTenant(db, parent);
    return addTenantBelow(db, tenant, { by: OPERATOR });
  });
}

/**
 * Makes a tenant below the transaction's own; answers whether the id was free. `furnish` adds within the new tenant what
 * shall be made together with it.
 */
export async function addTenantBelow(
  db: TenantSql,
  tenant: NewTenant,
  { by, furnish }: { by: Author; furnish?: (db: TenantSql) => Promise<void> },
): Promise<boolean> {
  const own = await findOwnTenant(db);
  const ancestors = [own.id, ...own.ancestors];
  await moveTo(db, tenant.tenantId);
  const made = await insertTenant(db, { ...tenant, ancestors }, by);
  if (made) await furnish?.(db);
  await moveTo(db, own.id);
  if (made) await record(db, tenant, by);
  return made;
}

/** One page of the transaction's tenant and those below it, by id. */
export async function pageOfTenants(db: TenantSql, page: PageRequest): Promise<Page<KeptTenant>> {
  const query = ['tenants'];
  const after = startOf(page, query);
  let rows = kept(db).orderBy('tenant_id').limit(rowsToRead(page));
  if (after !== undefined) rows = rows.where('tenant_id', '>', after);
  return pageOf(await rows.execute(), { request: page, query });
}

/** The transaction's tenant or one below it; nothing for any other id. */
export function findTenant(db: TenantSql, tenantId: string): Promise<KeptTenant | undefined> {
  return kept(db).where('tenant_id', '=', tenantId).executeTakeFirst();
}

/** Throws unless the transaction’s tenant exists. */
export async function requireTenant(db: TenantSql, tenantId: string): Promise<void> {
  if (await findTenant(db, tenantId)) return;
  throw new Error(`There is no tenant ${tenantId}. Make it with npm run admin -- tenant create ${tenantId}.`);
}

/** Makes an API key of a tenant that exists; the token is shown here and never again. */
export async function createApiKey(
  owner: OwnerDatabase,
  { tenantId, ...request }: ApiKeyRequest & { tenantId: string; installation: string },
): Promise<{ token: string; keyId: string; principalId: string }> {
  return owner.inTenant(tenantId, async db => {
    await requireTenant(db, tenantId);
    return insertApiKey(db, request);
  });
}

/** Replaces the policies of a tenant that exists. */
export async function setPolicies(
  owner: OwnerDatabase,
  { tenantId, policies }: { tenantId: string; policies: readonly NewPolicy[] },
): Promise<void> {
  await owner.inTenant(tenantId, async db => {
    await requireTenant(db, tenantId);
    await replacePolicies(db, policies);
  });
}

/** Sets what a project of a tenant that exists may hold. */
export async function setQuota(
  owner: OwnerDatabase,
  { tenantId, ...project }: Project & { tenantId: string },
): Promise<void> {
  await owner.inTenant(tenantId, async db => {
    await requireTenant(db, tenantId);
    await setProjectQuota(db, project);
  });
}

async function insertTenant(
  db: TenantSql,
  { tenantId, name, policies, ancestors }: NewTenant & { ancestors: readonly string[] },
  by: Author,
): Promise<boolean> {
  NewTenantId.parse(tenantId);
  const made = await db
    .insertInto('tenants')
    .values({ name: name ?? null, ancestors: [...ancestors] })
    .onConflict(conflict => conflict.doNothing())
    .returning('tenant_id')
    .executeTakeFirst();
  if (made === undefined) return false;
  await replacePolicies(db, policies, by);
  await record(db, { tenantId, name, policies }, by);
  return true;
}

/** Goes on in another tenant within the same transaction: what is made there and what tells of it here are one. */
async function moveTo(db: TenantSql, tenantId: string): Promise<void> {
  await sql`select set_config('app.tenant', ${tenantId}, true)`.execute(db);
}

async function record(db: TenantSql, { tenantId, name, policies }: NewTenant, by: Author): Promise<void> {
  await appendAudit(db, {
    ...by,
    action: 'tenant.create',
    object: { kind: 'tenant', id: tenantId, name: name ?? null },
    outcome: 'succeeded',
    details: { policies: policies.map(policy => policy.name).join(', ') },
  });
}

async function findOwnTenant(db: TenantSql): Promise<KeptTenant> {
  return kept(db).where('tenant_id', '=', OWN_TENANT).executeTakeFirstOrThrow();
}

function kept(db: TenantSql) {
  return db.selectFrom('tenants').select(['tenant_id as id', 'name', 'ancestors', 'created_at as createdAt']);
}
