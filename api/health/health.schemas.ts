import { z } from 'zod';

const PartState = z.object({ status: z.enum(['ok', 'unavailable']), detail: z.string().nullable() });

/** `degraded` still serves: without Temporal reads go on, without the database only this answer does. */
export const ApiHealth = z
  .object({
    status: z.enum(['ok', 'degraded']),
    version: z.string(),
    parts: z.object({ database: PartState, temporal: PartState }),
  })
  .meta({ id: 'ApiHealth' });
export type ApiHealth = z.infer<typeof ApiHealth>;
