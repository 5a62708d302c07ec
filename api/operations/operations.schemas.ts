import { z } from 'zod';
import { idOf } from '../../domain/ids.ts';
import { Operation, OperationStatus, Resolution } from '../../domain/operation.ts';
import { Paging, pageOf } from '../http/paging.ts';
import { wholeNumber } from '../http/whole-number.ts';

export const OperationQuery = z.strictObject({
  wait: wholeNumber({ min: 0, max: 60 })
    .default(0)
    .meta({
      description:
        'Seconds to wait for news: the answer comes when the operation has finished, when it has begun to wait for a person (an approval, or attention), or when the time is up',
      override: { default: 0, examples: [30] },
    }),
});
export type OperationQuery = z.infer<typeof OperationQuery>;

export const OperationListQuery = Paging.extend({
  runtime_id: idOf('runtime').optional(),
  status: OperationStatus.optional(),
});
export type OperationListQuery = z.infer<typeof OperationListQuery>;

export const OperationListResponse = pageOf(Operation, 'OperationListResponse');

const Words = z.string().trim().max(2000);

export const CancelRequest = z
  .strictObject({ reason: Words.max(500).optional() })
  .meta({ id: 'CancelRequest' });
export type CancelRequest = z.infer<typeof CancelRequest>;

/** The body may be left out altogether. */
export const CancelBody = CancelRequest.optional().transform((request): CancelRequest => request ?? {});

/** What shall become of an operation that needs attention; its `waits_for` says what each answer would do. */
export const ResolveRequest = z
  .strictObject({ resolution: Resolution, comment: Words.optional() })
  .meta({ id: 'ResolveRequest' });
export type ResolveRequest = z.infer<typeof ResolveRequest>;
