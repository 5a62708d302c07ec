import { z } from 'zod';

/** What an action may be, in the contract's words; `domain/action-orders.ts` turns one into an order. */
export const ActionType = z.enum([
  'start',
  'stop',
  'restart',
  'scale',
  'snapshot',
  'migrate',
  'rollout_restart',
  'tune_policy',
  'attach_observer',
  'detach_observer',
]);
export type ActionType = z.infer<typeof ActionType>;

/** One step of a list of actions. */
export const Action = z
  .strictObject({
    type: ActionType,
    target: z
      .record(z.string(), z.unknown())
      .nullable()
      .optional()
      .meta({ description: 'Sub-target, e.g. {"node": "node-2"} of a migrate' }),
    params: z
      .record(z.string(), z.unknown())
      .nullable()
      .optional()
      .meta({ description: 'The body of the lifecycle call of that name' }),
  })
  .meta({ id: 'Action' });
export type Action = z.infer<typeof Action>;

/** What came of an action: `skipped` when one before it failed. */
export const ActionResult = z
  .object({
    action: Action,
    status: z.enum(['succeeded', 'failed', 'skipped']),
    message: z.string().nullable(),
  })
  .meta({ id: 'ActionResult' });
export type ActionResult = z.infer<typeof ActionResult>;
