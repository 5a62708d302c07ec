import { z } from 'zod';
import { Plan } from './deployment.ts';
import { idOf } from './ids.ts';
import { ApprovalDemand, PolicyCost } from './policy.ts';

export const Decision = z.object({
  decided_by: z.string(),
  principal_id: z.string(),
  for: z
    .object({ id: z.string(), name: z.string() })
    .nullable()
    .meta({ description: 'Who had delegated the decision to them' }),
  decision: z.enum(['approve', 'reject']),
  comment: z.string().nullable(),
  decided_at: z.iso.datetime(),
  withdrawn_at: z.iso.datetime().nullable(),
});
export type Decision = z.infer<typeof Decision>;

/** What a person needs to see before they say yes. The digest of the approval is over all of it. */
export const ApprovalCard = z
  .object({
    title: z.string().meta({ description: 'What is asked for, in one line' }),
    changes: Plan.shape.changes.meta({ description: 'Every object that will change, with a readable diff' }),
    summary: Plan.shape.summary,
    steps: z.array(z.string()).meta({ description: 'What will be done, in order' }),
    target: z.record(z.string(), z.string()).meta({ description: 'Where: cluster, namespace, release, …' }),
    chart: z.string().nullable(),
    risk: z.object({ level: z.enum(['low', 'medium', 'high']), reasons: z.array(z.string()) }),
    cost: PolicyCost.nullable(),
    evidence: z.array(z.string()).meta({ description: 'What is known of the runtime today' }),
    requested_by: z.string(),
    on_behalf_of: z.string().nullable(),
    comment: z.string().nullable(),
  })
  .meta({ id: 'ApprovalCard' });
export type ApprovalCard = z.infer<typeof ApprovalCard>;

/** A question to people, and their answers. `void`: what was shown is no longer what would be done. */
export const Approval = z
  .object({
    id: idOf('approval'),
    operation_id: idOf('operation'),
    runtime_id: idOf('runtime'),
    deployment_id: idOf('deployment').nullable(),
    status: z.enum(['open', 'approved', 'rejected', 'expired', 'cancelled', 'void']),
    reason: z.string().meta({ description: 'The rule that asks, in words' }),
    quorum: z.int().min(1).meta({ description: 'The largest of the demands' }),
    demands: z.array(ApprovalDemand).meta({ description: 'Who must agree; each demand must be met' }),
    digest: z.string().meta({
      description: 'SHA-256 of exactly what is shown: plan, diff, chart, values, target, policies',
    }),
    card: ApprovalCard,
    supersedes: idOf('approval').nullable(),
    difference: z
      .string()
      .nullable()
      .meta({ description: 'What changed since the approval that this one replaces' }),
    requested_by: z.string(),
    requester_id: z.string(),
    decisions: z.array(Decision),
    expires_at: z.iso.datetime(),
    created_at: z.iso.datetime(),
    closed_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Approval' });
export type Approval = z.infer<typeof Approval>;

/** An approval as lists show it: without the diffs of its card. */
export const ApprovalSummary = Approval.extend({ card: ApprovalCard.omit({ changes: true }) }).meta({
  id: 'ApprovalSummary',
});
export type ApprovalSummary = z.infer<typeof ApprovalSummary>;

/** How a question to people came to its end. */
export type ClosedApproval = Exclude<Approval['status'], 'open'>;

export const DecisionRequest = z
  .strictObject({
    decision: z.enum(['approve', 'reject']),
    comment: z.string().max(2000).optional(),
    digest: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .meta({ description: 'Of the approval as it was read; refused when it is another by now' }),
  })
  .refine(request => request.decision === 'approve' || (request.comment ?? '').trim() !== '', {
    path: ['comment'],
    message: 'is required when rejecting',
  })
  .meta({ id: 'DecisionRequest' });
export type DecisionRequest = z.infer<typeof DecisionRequest>;

/** Somebody lets somebody else decide in their place until an end that is stated. */
export const Delegation = z
  .object({
    id: idOf('delegation'),
    from: z.object({ id: z.string(), name: z.string() }),
    to: z.object({ id: z.string(), name: z.string() }),
    until: z.iso.datetime(),
    reason: z.string().nullable(),
    created_at: z.iso.datetime(),
    revoked_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Delegation' });
export type Delegation = z.infer<typeof Delegation>;
