import { sql } from 'kysely';
import type { Grant, Role } from '../domain/principal.ts';
import { type Page, type PageRequest, pageOf, rowsToRead, startOf } from './page.ts';
import { BY_CLAIM } from './principals.ts';
import type { TenantSql } from './tables.ts';

/** A person or a service principal of the tenant, with the roles it was granted and those its token claims. */
export interface Member {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly kind: 'human' | 'agent';
  readonly ownerId: string | null;
  readonly groups: string[];
  readonly mayActFor: string[];
  readonly disabled: boolean;
  readonly grants: Grant[];
  readonly claimed: Grant[];
  readonly version: number;
  readonly createdAt: Date;
  readonly lastSeenAt: Date | null;
}

/** What an administrator sets of a member, beside its grants. */
export interface MemberSettings {
  readonly name: string;
  readonly ownerId: string | null;
  readonly groups: readonly string[];
  readonly mayActFor: readonly string[];
  readonly disabled: boolean;
}

export interface MemberFilter {
  /** Those who have a role in this project, or in all. */
  readonly project?: string | null | undefined;
  readonly kind?: 'human' | 'agent' | undefined;
  readonly role?: Role | null | undefined;
}

/** One page of the members, the newest first. Who is limited to projects sees those who have a role there. */
export async function pageOfMembers(
  db: TenantSql,
  { filter, ...page }: { filter: MemberFilter } & PageRequest,
): Promise<Page<Member>> {
  const { project, kind, role } = filter;
  const query = ['members', project, kind, role];
  const after = startOf(page, query);
  let rows = seen(db).orderBy('p.id', 'desc').limit(rowsToRead(page));
  if (after !== undefined) rows = rows.where('p.id', '<', after);
  if (kind !== undefined) rows = rows.where('p.kind', '=', kind);
  if (project !== undefined || role !== undefined) rows = rows.where(hasRole(filter));
  return pageOf(await rows.execute(), { request: page, query });
}

/** One member, or nothing. */
export function findMember(db: TenantSql, memberId: string): Promise<Member | undefined> {
  return seen(db).where('p.id', '=', memberId).executeTakeFirst();
}

/** Whether anybody who was granted the administration of the tenant can use it: an agent only while its owner is not disabled. */
export async function hasAdmin(db: TenantSql): Promise<boolean> {
  const admin = await db
    .selectFrom('role_grants as g')
    .innerJoin('principals as p', 'p.id', 'g.principal_id')
    .leftJoin('principals as o', 'o.id', 'p.owner_id')
    .select('p.id')
    .where('p.disabled_at', 'is', null)
    .where('o.disabled_at', 'is', null)
    .where('g.project', 'is', null)
    .where('g.role', 'in', ['tenant_admin', 'super_admin'])
    .where('g.granted_by', 'is distinct from', BY_CLAIM)
    .executeTakeFirst();
  return admin !== undefined;
}

/** Which of the ids are those of principals of the tenant, of people only where that is asked. */
export async function principalsAmong(
  db: TenantSql,
  { ids, kind }: { ids: readonly string[]; kind?: 'human' },
): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  let rows = db
    .selectFrom('principals')
    .select('id')
    .where('id', 'in', [...ids]);
  if (kind !== undefined) rows = rows.where('kind', '=', kind);
  return (await rows.execute()).map(({ id }) => id);
}

const LIST = sql`coalesce(jsonb_agg(jsonb_build_object('role', g.role, 'project', g.project)
  order by g.project nulls first, g.role), '[]')`;

const GRANTED = sql<Grant[]>`(select ${LIST} from role_grants g
  where g.principal_id = p.id and g.granted_by is distinct from ${BY_CLAIM})`;

const CLAIMED = sql<Grant[]>`(select ${LIST} from (
  select unnest(p.claimed_roles) as role, null as project
  union select role, project from role_grants where principal_id = p.id and granted_by = ${BY_CLAIM}) g)`;

/** Row-level security hides the grants that a limited caller may not see, and who has no other is nobody to them. */
const SEEN = sql<boolean>`(nullif(current_setting('app.projects', true), '') is null
  or cardinality(p.claimed_roles) > 0 or exists (select from role_grants g where g.principal_id = p.id))`;

function seen(db: TenantSql) {
  return db
    .selectFrom('principals as p')
    .select(['p.id', 'p.tenant_id as tenantId', 'p.name', 'p.kind', 'p.owner_id as ownerId', 'p.groups'])
    .select(['p.may_act_for as mayActFor', 'p.version', 'p.created_at as createdAt'])
    .select('p.last_seen_at as lastSeenAt')
    .select(sql<boolean>`p.disabled_at is not null`.as('disabled'))
    .select([GRANTED.as('grants'), CLAIMED.as('claimed')])
    .where(SEEN);
}

function hasRole({ project = null, role = null }: Omit<MemberFilter, 'kind'>) {
  return sql<boolean>`exists (
    select from (select unnest(p.claimed_roles) as role, null as project
      union select role, project from role_grants where principal_id = p.id) g
    where (${project}::text is null or g.project is null or g.project = ${project}::text)
      and (${role}::text is null or g.role = ${role}::text))`;
}
