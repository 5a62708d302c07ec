import { type Changes, openChanges } from '../../db/changes.ts';
import { type Database, openAsOwner, openDatabase } from '../../db/database.ts';
import { STARTER_POLICIES } from '../../db/policies.ts';
import { createApiKey, createTenant } from '../../db/tenants.ts';
import { Role } from '../../domain/principal.ts';
import { freshDatabase } from '../postgres.ts';

export const TENANTS = ['acme', 'globex'] as const;
export type TestTenant = (typeof TENANTS)[number];

/** A database with two tenants, each with one key per role and a second developer. */
export interface TenantsFixture {
  readonly database: Database;
  readonly changes: Changes;
  /** The address as the application role. */
  readonly appUrl: string;
  /** For what a test must break past row-level security. */
  readonly superuserUrl: string;
  keyOf(tenant: TestTenant, role: Role): string;
  close(): Promise<void>;
}

/** Makes both tenants, whose production upgrades need an approval. */
export async function openTenants(): Promise<TenantsFixture> {
  const urls = await freshDatabase();
  const owner = openAsOwner(urls.ownerUrl);
  const keys = new Map<string, string>();
  for (const tenantId of TENANTS) {
    await createTenant(owner, { tenantId, policies: [STARTER_POLICIES.sample] });
    for (const role of Role.options) {
      const made = await createApiKey(owner, {
        tenantId,
        installation: 'test',
        name: `${tenantId}-${role}`,
        kind: 'human',
        roles: [role],
      });
      keys.set(`${tenantId}/${role}`, made.token);
    }
  }
  await owner.close();
  const database = await openDatabase(urls.appUrl, { maxConnections: 4 });
  const changes = openChanges(urls.appUrl);
  return {
    database,
    changes,
    appUrl: urls.appUrl,
    superuserUrl: urls.superuserUrl,
    keyOf: (tenant, role) => keys.get(`${tenant}/${role}`) ?? '',
    close: async () => {
      await changes.close();
      await database.close();
      await urls.drop();
    },
  };
}
