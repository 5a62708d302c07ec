import { z } from 'zod';
import { RuntimeKind } from '../../domain/runtime-kind.ts';

const PartState = z.object({ status: z.enum(['ok', 'unavailable']), detail: z.string().nullable() });

/** `degraded` still serves: without Temporal reads go on, without the database only this answer does. */
export const ApiHealth = z
  .object({
    status: z.enum(['ok', 'degraded']),
    version: z.string(),
    parts: z.object({ database: PartState, temporal: PartState }),
    runtime_kinds: z.array(RuntimeKind.pick({ type: true, available: true })).meta({
      description: 'Whether the cluster has what each type needs; GET /v1/runtime-kinds says what is missing',
    }),
  })
  .meta({ id: 'ApiHealth' });
export type ApiHealth = z.infer<typeof ApiHealth>;
