import type { SlotQuota } from '../domain/tenant.ts';
import type { TenantSql } from './tables.ts';

/** A project of the tenant: what it may hold at a time. */
export interface Project {
  readonly name: string;
  readonly quota: SlotQuota;
}

/** The projects of the tenant, by name. */
export function listProjects(db: TenantSql): Promise<readonly Project[]> {
  return db.selectFrom('projects').select(['name', 'quota']).orderBy('name').execute();
}

/** Sets what a project may hold, and makes the project when it is not there; for `npm run admin` and tests. */
export async function setProjectQuota(db: TenantSql, { name, quota }: Project): Promise<void> {
  await db
    .insertInto('projects')
    .values({ name, quota: JSON.stringify(quota) })
    .onConflict(conflict =>
      conflict.columns(['tenant_id', 'name']).doUpdateSet({ quota: JSON.stringify(quota) }),
    )
    .execute();
}
