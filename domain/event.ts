import { z } from 'zod';
import { idOf } from './ids.ts';

/** One line of a runtime's history; `sequence` counts from 1 without gaps within the runtime. */
export const Event = z
  .object({
    id: idOf('event'),
    runtime_id: idOf('runtime'),
    sequence: z.int().min(1),
    type: z.string().meta({ examples: ['deploy.verifying', 'health.degraded'] }),
    severity: z.enum(['info', 'warning', 'critical']).meta({ default: 'info' }),
    ts: z.iso.datetime(),
    actor: z.enum(['human', 'agent', 'system']),
    principal: z.string().nullable(),
    operation_id: idOf('operation').nullable(),
    message: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' });
export type Event = z.infer<typeof Event>;
