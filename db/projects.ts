import { sql } from 'kysely';
import type { SlotQuota } from '../domain/tenant.ts';
import { appendAudit } from './audit.ts';
import { type Author, OPERATOR } from './author.ts';
import { type Page, type PageRequest, pageOf, rowsToRead, startOf } from './page.ts';
import type { TenantSql } from './tables.ts';

/** A project of the tenant: what it may hold at a time. */
export interface Project {
  readonly name: string;
  readonly quota: SlotQuota;
}

/** A project as it is kept; its version counts the changes. */
export interface KeptProject extends Project {
  readonly tenantId: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date | null;
}

/** The projects of the tenant, by name. */
export function listProjects(db: TenantSql): Promise<readonly Project[]> {
  return db.selectFrom('projects').select(['name', 'quota']).orderBy('name').execute();
}

/** One page of the projects, by name. */
export async function pageOfProjects(db: TenantSql, page: PageRequest): Promise<Page<KeptProject>> {
  const query = ['projects'];
  const after = startOf(page, query);
  let rows = kept(db).select('name as id').orderBy('name').limit(rowsToRead(page));
  if (after !== undefined) rows = rows.where('name', '>', after);
  return pageOf(await rows.execute(), { request: page, query });
}

/** One project, or nothing. */
export function findProject(db: TenantSql, name: string): Promise<KeptProject | undefined> {
  return kept(db).where('name', '=', name).executeTakeFirst();
}

/** Which of the names are those of projects. */
export async function projectsAmong(db: TenantSql, names: readonly string[]): Promise<readonly string[]> {
  if (names.length === 0) return [];
  const rows = await db
    .selectFrom('projects')
    .select('name')
    .where('name', 'in', [...new Set(names)])
    .execute();
  return rows.map(({ name }) => name);
}

/** Makes a project; answers nothing when there is one of this name. */
export async function addProject(
  db: TenantSql,
  { name, quota }: Project,
  by: Author,
): Promise<KeptProject | undefined> {
  const made = await db
    .insertInto('projects')
    .values({ name, quota: JSON.stringify(quota) })
    .onConflict(conflict => conflict.columns(['tenant_id', 'name']).doNothing())
    .returning('name')
    .executeTakeFirst();
  if (made === undefined) return undefined;
  await record(db, { name, quota, action: 'project.create' }, by);
  return findProject(db, name);
}

/** Keeps anybody else from changing the project until the transaction ends, and reads it. */
export function lockProject(db: TenantSql, name: string): Promise<KeptProject | undefined> {
  return kept(db).where('name', '=', name).forUpdate().executeTakeFirst();
}

/** Sets what a project may hold, and makes the project when it is not there. */
export async function setProjectQuota(
  db: TenantSql,
  { name, quota }: Project,
  by: Author = OPERATOR,
): Promise<void> {
  await db
    .insertInto('projects')
    .values({ name, quota: JSON.stringify(quota) })
    .onConflict(conflict =>
      conflict.columns(['tenant_id', 'name']).doUpdateSet({
        quota: JSON.stringify(quota),
        version: sql<number>`projects.version + 1`,
        updated_at: sql<Date>`now()`,
      }),
    )
    .execute();
  await record(db, { name, quota, action: 'project.change' }, by);
}

async function record(
  db: TenantSql,
  { name, quota, action }: Project & { action: string },
  by: Author,
): Promise<void> {
  await appendAudit(db, {
    ...by,
    action,
    object: { kind: 'project', id: name, name },
    project: name,
    outcome: 'succeeded',
    details: { quota: JSON.stringify(quota) },
  });
}

function kept(db: TenantSql) {
  return db
    .selectFrom('projects')
    .select(['name', 'quota', 'version', 'tenant_id as tenantId'])
    .select(['created_at as createdAt', 'updated_at as updatedAt']);
}
