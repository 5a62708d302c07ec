import type { ApiKeyRequest } from '../domain/api-key.ts';
import { TenantId } from '../domain/tenant.ts';
import { insertApiKey } from './api-keys.ts';
import type { Database } from './database.ts';
import { type NewPolicy, replacePolicies } from './policies.ts';
import { type Project, setProjectQuota } from './projects.ts';

/** The owner's way to the database, as `openAsOwner` gives it. */
type OwnerDatabase = Pick<Database, 'inTenant'>;

/** Makes a tenant with its policies; a tenant that is there already keeps what it has. Answers whether it was made. */
export async function createTenant(
  owner: OwnerDatabase,
  { tenantId, policies }: { tenantId: string; policies: readonly NewPolicy[] },
): Promise<boolean> {
  TenantId.parse(tenantId);
  return owner.inTenant(tenantId, async db => {
    const made = await db
      .insertInto('tenants')
      .defaultValues()
      .onConflict(conflict => conflict.doNothing())
      .returning('tenant_id')
      .executeTakeFirst();
    if (made === undefined) return false;
    await replacePolicies(db, policies);
    return true;
  });
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

async function requireTenant(db: Parameters<typeof replacePolicies>[0], tenantId: string): Promise<void> {
  const tenant = await db.selectFrom('tenants').select('tenant_id').executeTakeFirst();
  if (tenant === undefined) {
    throw new Error(
      `There is no tenant ${tenantId}. Make it with npm run admin -- tenant create ${tenantId}.`,
    );
  }
}
