import { z } from 'zod';
import { idOf } from './ids.ts';
import { Role } from './principal.ts';
import { TenantId } from './tenant.ts';

/** A key as it may be shown: everything but its secret, of which only a hash is kept. */
export const ApiKey = z.object({
  key_id: z.string(),
  tenant_id: TenantId,
  principal_id: z.string(),
  name: z.string(),
  kind: z.enum(['human', 'agent']),
  roles: z.array(Role),
  expires_at: z.iso.datetime().nullable(),
  revoked_at: z.iso.datetime().nullable(),
  created_at: z.iso.datetime(),
});
export type ApiKey = z.infer<typeof ApiKey>;

/** What a new key is made of. Several keys may belong to one principal. */
export const ApiKeyRequest = z.strictObject({
  name: z.string().min(1).max(100),
  roles: z.array(Role).min(1),
  kind: z.enum(['human', 'agent']).default('human'),
  principalId: idOf('principal').optional(),
  expiresInSeconds: z.int().positive().optional(),
});
export type ApiKeyRequest = z.input<typeof ApiKeyRequest>;
