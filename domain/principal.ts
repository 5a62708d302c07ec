import { z } from 'zod';
import { TenantId } from './tenant.ts';

export const Role = z.enum([
  'super_admin',
  'tenant_admin',
  'developer',
  'operator',
  'analyst',
  'auditor',
  'viewer',
]);
export type Role = z.infer<typeof Role>;

export const Permission = z.enum([
  'runtime:create',
  'runtime:read',
  'runtime:deploy',
  'runtime:operate',
  'runtime:delete',
  'operation:read',
  'operation:cancel',
  'operation:resolve',
  'approval:read',
  'approval:decide',
  'event:read',
  'policy:read',
  'policy:write',
  'project:read',
  'project:write',
  'quota:write',
  'member:read',
  'member:write',
  'key:own',
  'key:write',
  'tenant:read',
  'tenant:write',
  'audit:read',
  'audit:export',
]);
export type Permission = z.infer<typeof Permission>;

const WATCHES: readonly Permission[] = [
  'runtime:read',
  'operation:read',
  'event:read',
  'project:read',
  'key:own',
];
const READS: readonly Permission[] = [...WATCHES, 'approval:read', 'policy:read', 'member:read'];

/** What each role may do, as one table. A role that is not listed here may do nothing. */
export const ROLE_PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  super_admin: Permission.options,
  tenant_admin: Permission.options.filter(permission => permission !== 'tenant:write'),
  developer: [
    ...READS,
    'runtime:create',
    'runtime:deploy',
    'runtime:operate',
    'runtime:delete',
    'operation:cancel',
    'project:write',
  ],
  operator: [
    ...READS,
    'runtime:deploy',
    'runtime:operate',
    'operation:cancel',
    'operation:resolve',
    'approval:decide',
  ],
  analyst: READS,
  auditor: [...READS, 'tenant:read', 'audit:read', 'audit:export'],
  viewer: WATCHES,
};

/**
 * What can be permitted in one project alone. Everything else is about the tenant as a whole (its policies, keys,
 * quotas, audit, the tenants below it), and a role that somebody has in one project gives nothing of it.
 */
const IN_ONE_PROJECT: ReadonlySet<Permission> = new Set<Permission>([
  'runtime:create',
  'runtime:read',
  'runtime:deploy',
  'runtime:operate',
  'runtime:delete',
  'operation:read',
  'operation:cancel',
  'operation:resolve',
  'approval:read',
  'approval:decide',
  'event:read',
  'project:read',
  'member:read',
  'member:write',
  'key:own',
]);

/** A role somebody has; without a project, in all of them. */
export const Grant = z.object({ role: Role, project: z.string().nullable() });
export type Grant = z.infer<typeof Grant>;

/** What a grant permits: of one in a single project, what can be permitted there. */
export function permissionsOf(grant: Grant): readonly Permission[] {
  return ROLE_PERMISSIONS[grant.role].filter(permission => gives(grant, permission));
}

/** Whoever asks: a person, an agent (a service principal), or the system itself; known by a key or by a token. */
export const Principal = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['human', 'agent', 'system']),
  tenantId: TenantId,
  roles: z.array(Role).meta({ description: 'Every role of `grants`, whatever its project' }),
  grants: z.array(Grant),
  groups: z.array(z.string()),
  personId: z.string().meta({
    description:
      'The person who stands behind it: of a person, one id for all its keys and logins; of an agent, whoever it acts for or belongs to, else itself',
  }),
  ownerId: z.string().optional().meta({
    description: 'Of an agent that acts for somebody: the person it belongs to, who stands behind it as well',
  }),
  issuedBy: z.string().optional().meta({
    description: 'Who made the key it uses, where that was somebody else: they may have kept it',
  }),
  onBehalfOf: z
    .object({ id: z.string(), name: z.string(), grants: z.array(Grant), groups: z.array(z.string()) })
    .optional()
    .meta({ description: 'In whose place an agent acts: it may do only what that one may do as well' }),
  scopes: z
    .array(Permission)
    .optional()
    .meta({ description: 'What its key is limited to; all its roles grant when left out' }),
  acr: z.string().optional().meta({ description: 'How it was authenticated, as its token says' }),
  credential: z.object({
    kind: z.enum(['key', 'token', 'system']),
    id: z.string(),
    expiresAt: z.iso.datetime().optional(),
  }),
  origin: z
    .object({ address: z.string().nullable(), requestId: z.string().nullable() })
    .optional()
    .meta({ description: 'From where the request came' }),
});
export type Principal = z.infer<typeof Principal>;

/** What the right to do something hangs on. */
type Rights = Pick<Principal, 'grants' | 'scopes' | 'onBehalfOf'>;

/** Whether the principal may do this somewhere: in all projects, or in one at least. */
export function mayDo(principal: Rights, permission: Permission): boolean {
  const where = projectsOf(principal, permission);
  return where === 'all' || where.length > 0;
}

/** Whether the principal may do this in the project; `null` is the tenant as a whole. */
export function mayDoIn(principal: Rights, permission: Permission, project: string | null): boolean {
  const where = projectsOf(principal, permission);
  return where === 'all' || (project !== null && where.includes(project));
}

/** The projects in which the principal may do this; for one who acts in somebody's place, where both may. */
export function projectsOf(principal: Rights, permission: Permission): 'all' | readonly string[] {
  const { grants, scopes, onBehalfOf } = principal;
  if (scopes !== undefined && !scopes.includes(permission)) return [];
  const own = projectsWhere(grants, permission);
  if (onBehalfOf === undefined) return own;
  const theirs = projectsWhere(onBehalfOf.grants, permission);
  if (own === 'all' || theirs === 'all') return own === 'all' ? theirs : own;
  return own.filter(project => theirs.includes(project));
}

function projectsWhere(grants: readonly Grant[], permission: Permission): 'all' | readonly string[] {
  const giving = grants.filter(grant => gives(grant, permission));
  if (giving.some(({ project }) => project === null)) return 'all';
  return [...new Set(giving.flatMap(({ project }) => project ?? []))];
}

/** Whether the principal may give this role to somebody or take it away: nobody hands out more than they have. */
export function mayGrant(principal: Pick<Principal, 'grants' | 'scopes'>, grant: Grant): boolean {
  const there = (permission: Permission) => mayDoIn(principal, permission, grant.project);
  return there('member:write') && permissionsOf(grant).every(there);
}

function gives({ role, project }: Grant, permission: Permission): boolean {
  return ROLE_PERMISSIONS[role].includes(permission) && (project === null || IN_ONE_PROJECT.has(permission));
}
