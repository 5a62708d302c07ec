import { z } from 'zod';
import { ProjectName, type SlotQuota, TenantId } from '../../domain/tenant.ts';
import { pageOf } from '../http/paging.ts';

/** How much a project may hold at a time, in the API's words. */
export const ProjectQuota = z
  .strictObject({
    cpu: z.number().positive().max(1_000_000).meta({ description: 'CPU cores in all' }),
    memory_mib: z.int().positive().max(1_000_000_000),
    pods: z.int().positive().max(1_000_000),
    storage_gib: z.int().nonnegative().max(1_000_000_000),
  })
  .meta({ id: 'ProjectQuota' });
export type ProjectQuota = z.infer<typeof ProjectQuota>;

export const ProjectCreateRequest = z
  .strictObject({
    name: ProjectName,
    quota: ProjectQuota.optional().meta({
      description: 'The installation’s default when left out; stating one needs quota:write',
    }),
  })
  .meta({ id: 'ProjectCreateRequest' });
export type ProjectCreateRequest = z.infer<typeof ProjectCreateRequest>;

export const ProjectChangeRequest = z
  .strictObject({ quota: ProjectQuota })
  .meta({ id: 'ProjectChangeRequest' });
export type ProjectChangeRequest = z.infer<typeof ProjectChangeRequest>;

/** A project as it is answered. */
export const ProjectAnswer = z
  .object({
    name: ProjectName,
    tenant_id: TenantId,
    quota: ProjectQuota,
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Project' });
export type ProjectAnswer = z.infer<typeof ProjectAnswer>;

export const ProjectListResponse = pageOf(ProjectAnswer, 'ProjectListResponse');

/** The quota in the domain's words. */
export function slotQuotaOf({ cpu, memory_mib, pods, storage_gib }: ProjectQuota): SlotQuota {
  return { cpu, memoryMiB: memory_mib, pods, storageGiB: storage_gib };
}

/** The quota in the API's words. */
export function projectQuotaOf({ cpu, memoryMiB, pods, storageGiB }: SlotQuota): ProjectQuota {
  return { cpu, memory_mib: memoryMiB, pods, storage_gib: storageGiB };
}
