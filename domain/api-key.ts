import { z } from 'zod';
import { idOf } from './ids.ts';
import { Permission, Role } from './principal.ts';
import { TenantId } from './tenant.ts';

/** How long a key that was replaced may live on beside the new one. */
export const LONGEST_OVERLAP_SECONDS = 7 * 24 * 3600;

/** A key as it may be shown: everything but its secret, of which only a hash is kept. */
export const ApiKey = z
  .object({
    id: z.string().meta({ description: 'The part of the key after the installation' }),
    tenant_id: TenantId,
    principal_id: z.string(),
    name: z.string(),
    kind: z.enum(['human', 'agent']),
    roles: z.array(Role).meta({ description: 'Those of its principal' }),
    scopes: z
      .array(Permission)
      .nullable()
      .meta({ description: 'What it is limited to; null is without limit' }),
    expires_at: z.iso.datetime().nullable(),
    revoked_at: z.iso.datetime().nullable(),
    last_used_at: z.iso.datetime().nullable().meta({ description: 'To the minute' }),
    replaces: z.string().nullable().meta({ description: 'The key in whose place it was made' }),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'ApiKey' });
export type ApiKey = z.infer<typeof ApiKey>;

/** What a new key is made of. Several keys may belong to one principal; one that is not there yet is made with it. */
export const ApiKeyRequest = z.strictObject({
  name: z.string().min(1).max(100),
  roles: z.array(Role).default([]),
  /** Where the roles hold; in all projects when left out. */
  project: z.string().optional(),
  kind: z.enum(['human', 'agent']).default('human'),
  principalId: idOf('principal').optional(),
  /** Of an agent: the person answerable for it. */
  ownerId: idOf('principal').optional(),
  scopes: z.array(Permission).optional(),
  expiresInSeconds: z.int().positive().optional(),
  replaces: z.string().optional(),
  createdBy: z.string().optional(),
});
export type ApiKeyRequest = z.input<typeof ApiKeyRequest>;
