import { sql } from 'kysely';
import type { Grant, Role } from '../domain/principal.ts';
import type { TenantSql } from './tables.ts';

/** A principal as it is made: with these roles, in one project or in all of them. */
export interface NewPrincipal {
  readonly id: string;
  readonly name: string;
  readonly kind: 'human' | 'agent';
  readonly roles: readonly Role[];
  readonly project?: string | undefined;
  /** Of an agent: the person answerable for it. */
  readonly ownerId?: string | undefined;
  readonly createdBy?: string | undefined;
}

/** What is kept of a principal, whatever it showed itself by. */
export interface KeptPrincipal {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly kind: 'human' | 'agent';
  readonly ownerId: string | null;
  readonly mayActFor: readonly string[];
  readonly disabled: boolean;
  /** What it may do: what was granted, and what its newest token claims. */
  readonly grants: Grant[];
  /** Only what was granted, by a person or by the operator. */
  readonly granted: Grant[];
  readonly groups: string[];
}

/** Who granted a role that a token claims in one project; the next token may take it away again. */
export const BY_CLAIM = 'claim';

const AS_JSON = sql`coalesce(jsonb_agg(jsonb_build_object('role', role, 'project', project)), '[]')`;

/** As one JSON list: what the principal `p` of a statement may do, by its grants and by its newest token. */
export const GRANTS = sql<Grant[]>`(select ${AS_JSON} from (
  select unnest(p.claimed_roles) as role, null as project
  union select role, project from role_grants where tenant_id = p.tenant_id and principal_id = p.id) all_grants)`;

const GRANTED = sql<Grant[]>`(select ${AS_JSON} from role_grants
  where tenant_id = p.tenant_id and principal_id = p.id and granted_by is distinct from ${BY_CLAIM})`;

/** Reads a principal with all it may do; nothing when the tenant has none of this id. */
export async function findPrincipal(db: TenantSql, principalId: string): Promise<KeptPrincipal | undefined> {
  const row = await db
    .selectFrom('principals as p')
    .select(['id', 'tenant_id as tenantId', 'name', 'kind', 'owner_id as ownerId', 'groups'])
    .select('may_act_for as mayActFor')
    .select(sql<boolean>`disabled_at is not null`.as('disabled'))
    .select([GRANTS.as('grants'), GRANTED.as('granted')])
    .where('id', '=', principalId)
    .executeTakeFirst();
  return row;
}

/** Makes a principal unless it is there, and grants it the roles it does not have. */
export async function ensurePrincipal(db: TenantSql, principal: NewPrincipal): Promise<void> {
  const { id, name, kind, roles, project = null, ownerId = null, createdBy = null } = principal;
  await sql`
    with made as (
      insert into principals (id, name, kind, owner_id) values (${id}, ${name}, ${kind}, ${ownerId})
      on conflict do nothing
    )
    insert into role_grants (principal_id, role, project, granted_by)
    select ${id}, role, ${project}, ${createdBy} from unnest(${[...roles]}::text[]) as role
    on conflict do nothing`.execute(db);
}
