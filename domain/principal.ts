import { z } from 'zod';
import { TenantId } from './tenant.ts';

export const Role = z.enum(['tenant_admin', 'developer', 'operator', 'viewer']);
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
]);
export type Permission = z.infer<typeof Permission>;

const READS: readonly Permission[] = [
  'runtime:read',
  'operation:read',
  'approval:read',
  'event:read',
  'policy:read',
];

/** What each role may do. A role that is not listed here may do nothing. */
export const ROLE_PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  tenant_admin: Permission.options,
  developer: [
    ...READS,
    'runtime:create',
    'runtime:deploy',
    'runtime:operate',
    'runtime:delete',
    'operation:cancel',
  ],
  operator: [
    ...READS,
    'runtime:deploy',
    'runtime:operate',
    'operation:cancel',
    'operation:resolve',
    'approval:decide',
  ],
  viewer: READS,
};

/** Whoever asks: a person's key, an agent's key, or the system itself. */
export const Principal = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['human', 'agent', 'system']),
  tenantId: TenantId,
  roles: z.array(Role),
});
export type Principal = z.infer<typeof Principal>;

/** Whether any of the principal's roles grants the permission. */
export function mayDo(principal: Principal, permission: Permission): boolean {
  return principal.roles.some(role => ROLE_PERMISSIONS[role].includes(permission));
}
