import { z } from 'zod';
import { idOf } from './ids.ts';

export const Decision = z.object({
  decided_by: z.string(),
  principal_id: z.string(),
  decision: z.enum(['approve', 'reject']),
  comment: z.string().nullable(),
  decided_at: z.iso.datetime(),
});
export type Decision = z.infer<typeof Decision>;

/** A question to people, and their answers. */
export const Approval = z
  .object({
    id: idOf('approval'),
    operation_id: idOf('operation'),
    runtime_id: idOf('runtime'),
    deployment_id: idOf('deployment').nullable(),
    status: z.enum(['open', 'approved', 'rejected', 'expired', 'cancelled']),
    reason: z.string().meta({ description: 'The rule that asks, in words' }),
    quorum: z.int().min(1),
    requested_by: z.string(),
    requester_id: z.string(),
    decisions: z.array(Decision),
    expires_at: z.iso.datetime(),
    created_at: z.iso.datetime(),
    closed_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Approval' });
export type Approval = z.infer<typeof Approval>;

/** How a question to people came to its end. */
export type ClosedApproval = Exclude<Approval['status'], 'open'>;

export const DecisionRequest = z
  .strictObject({
    decision: z.enum(['approve', 'reject']),
    comment: z.string().max(2000).optional(),
  })
  .refine(request => request.decision === 'approve' || (request.comment ?? '').trim() !== '', {
    path: ['comment'],
    message: 'is required when rejecting',
  })
  .meta({ id: 'DecisionRequest' });
export type DecisionRequest = z.infer<typeof DecisionRequest>;
