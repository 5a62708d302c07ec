import type { SlotQuota } from '../../domain/tenant.ts';

/** Room for more than any test deploys. */
export const ROOMY: SlotQuota = { cpu: 64, memoryMiB: 131_072, pods: 200, storageGiB: 100 };
