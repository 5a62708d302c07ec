import { z } from 'zod';

/**
 * A lower-case DNS label without doubled hyphens. Tenant and project are joined with `--` to name
 * a namespace, so a doubled hyphen inside either would let two tenants meet in one namespace.
 */
const slug = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(
      /^[a-z0-9]+(-[a-z0-9]+)*$/,
      'must be lower-case letters, digits and single hyphens, beginning and ending with a letter or digit',
    );

export const TenantId = slug(24).meta({ description: 'Tenant, as the token states it', examples: ['acme'] });

/** The tenant whose audit holds what belongs to no tenant: strangers, tokens of foreign issuers. Nobody is a member of it. */
export const SYSTEM_TENANT = 'system';

/** The id of a tenant that is to be made. */
export const NewTenantId = TenantId.refine(id => id !== SYSTEM_TENANT, {
  message: 'is reserved; choose another id',
});

export const ProjectName = slug(24).meta({
  description: 'Project of the tenant; one namespace each',
  examples: ['default'],
});

/** `production` is what policies usually guard; the others are free for the tenant's own use. */
export const Environment = z.enum(['development', 'staging', 'production']);
export type Environment = z.infer<typeof Environment>;

/** How much one project of a tenant may hold at a time; becomes ResourceQuota and LimitRange of its namespace. */
export const SlotQuota = z.strictObject({
  cpu: z.number().positive().meta({ description: 'CPU cores in all' }),
  memoryMiB: z.int().positive(),
  pods: z.int().positive(),
  storageGiB: z.int().nonnegative(),
});
export type SlotQuota = z.infer<typeof SlotQuota>;
