import { z } from 'zod';
import { idOf } from '../../domain/ids.ts';
import { NewTenantId, TenantId } from '../../domain/tenant.ts';
import { pageOf } from '../http/paging.ts';
import { plainText } from '../http/plain-text.ts';

const Name = plainText(100);

export const TenantCreateRequest = z
  .strictObject({
    id: NewTenantId,
    name: Name.optional().meta({ description: 'In words' }),
    admin: z
      .strictObject({ name: Name, kind: z.enum(['human', 'agent']).default('human') })
      .optional()
      .meta({ description: 'Its first tenant_admin, who gets a key' }),
  })
  .meta({ id: 'TenantCreateRequest' });
export type TenantCreateRequest = z.infer<typeof TenantCreateRequest>;

const tenant = {
  id: TenantId,
  name: z.string().nullable(),
  ancestors: z.array(TenantId).meta({ description: 'The tenants above it, the nearest first' }),
  created_at: z.iso.datetime(),
};

/** A tenant as it is answered. */
export const TenantAnswer = z.object(tenant).meta({ id: 'Tenant' });
export type TenantAnswer = z.infer<typeof TenantAnswer>;

/** A tenant as it is answered when it was made. */
export const TenantMade = z
  .object({
    ...tenant,
    admin: z
      .object({ principal_id: idOf('principal'), key_id: z.string(), token: z.string() })
      .nullable()
      .meta({ description: 'The first key: shown now and never again, nor to a repeated request' }),
  })
  .meta({ id: 'TenantMade' });
export type TenantMade = z.infer<typeof TenantMade>;

export const TenantListResponse = pageOf(TenantAnswer, 'TenantListResponse');
