import { z } from 'zod';
import { Event } from '../../domain/event.ts';
import { wholeNumber } from '../http/whole-number.ts';

/** PostgreSQL keeps a sequence as an integer. */
export const MAX_SEQUENCE = 2_147_483_647;

export const EventListQuery = z.strictObject({
  since: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: 'Only events at or after this time' }),
  after: wholeNumber({ min: 0, max: MAX_SEQUENCE })
    .optional()
    .meta({ description: 'Only events with a greater sequence' }),
  limit: wholeNumber({ min: 1, max: 500 })
    .default(100)
    .meta({ override: { default: 100 } }),
});
export type EventListQuery = z.infer<typeof EventListQuery>;

export const EventListResponse = z
  .object({
    items: z.array(Event),
    next_after: z.int().min(0).meta({ description: 'Send it as `after` to read on from here, now or later' }),
  })
  .meta({ id: 'EventListResponse' });
export type EventListResponse = z.infer<typeof EventListResponse>;
