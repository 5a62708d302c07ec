import { z } from 'zod';
import type { Prices } from './rules/prices.ts';
import { RuntimeType, Size } from './runtime.ts';

const Price = z.number().min(0).max(1e9);

const GpuPrice = z.union([
  Price,
  z.strictObject({
    default: Price,
    models: z.record(z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/), Price),
  }),
]);

/** The prices of an installation, as it writes them down; budgets, cost differences and plans are in their unit. */
export const PriceTable = z.strictObject({
  cpuHour: Price,
  gibHour: Price,
  gpuHour: GpuPrice,
  storageGibMonth: Price,
  sizes: z.partialRecord(RuntimeType, z.partialRecord(Size, Price)).optional(),
  unit: z.string().min(1).max(40),
}) satisfies z.ZodType<Prices>;
export type PriceTable = z.infer<typeof PriceTable>;
