import { z } from 'zod';
import { idOf } from '../../domain/ids.ts';
import { Grant, Permission, Role } from '../../domain/principal.ts';
import { TenantId } from '../../domain/tenant.ts';

/** Who the caller is to RuntimeAI, and what that lets them do. */
export const Whoami = z
  .object({
    principal_id: idOf('principal'),
    name: z.string(),
    kind: z.enum(['human', 'agent']),
    tenant_id: TenantId,
    person_id: idOf('principal').meta({
      description: 'The person who stands behind it; approvals count persons, not keys or logins',
    }),
    on_behalf_of: z.object({ id: idOf('principal'), name: z.string() }).nullable(),
    roles: z.array(Role),
    grants: z.array(Grant),
    groups: z.array(z.string()),
    permissions: z
      .array(z.object({ permission: Permission, projects: z.array(z.string()).nullable() }))
      .meta({ description: 'What the caller may do; `projects` is null for all of them' }),
    credential: z.object({
      kind: z.enum(['key', 'token']),
      id: z.string().meta({ description: 'Id of the key, or issuer of the token' }),
      expires_at: z.iso.datetime().nullable(),
      acr: z.string().nullable().meta({ description: 'How the caller was authenticated, as the token says' }),
      scopes: z.array(Permission).nullable().meta({ description: 'What the key is limited to' }),
    }),
  })
  .meta({ id: 'Whoami' });
export type Whoami = z.infer<typeof Whoami>;
