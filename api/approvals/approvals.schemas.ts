import { z } from 'zod';
import { Approval, ApprovalSummary } from '../../domain/approval.ts';
import { idOf } from '../../domain/ids.ts';
import { ApprovalDemand } from '../../domain/policy.ts';
import { Paging, pageOf } from '../http/paging.ts';

export const ApprovalListQuery = Paging.extend({
  view: z
    .enum(['mine', 'open', 'closed'])
    .optional()
    .meta({
      description: '`mine`: open, and waits for a decision that you may give. All of them when left out',
      examples: ['mine'],
    }),
  status: Approval.shape.status.optional(),
  operation_id: idOf('operation').optional(),
});
export type ApprovalListQuery = z.infer<typeof ApprovalListQuery>;

export const ApprovalListResponse = pageOf(ApprovalSummary, 'ApprovalListResponse');

export const ApprovalReadQuery = z.strictObject({
  format: z
    .enum(['json', 'markdown'])
    .optional()
    .meta({
      description: 'The same as the header Accept with text/markdown: a card to read in a terminal',
      examples: ['markdown'],
    }),
});
export type ApprovalReadQuery = z.infer<typeof ApprovalReadQuery>;

/** How far one of the demands is met, by what everybody may now. */
export const DemandProgress = z
  .object({
    demand: ApprovalDemand,
    wanted: z.string().meta({ description: 'Whom the demand is about, in words' }),
    agreed: z.array(z.string()).meta({ description: 'Who has agreed, of those whom the demand is about' }),
    missing: z.int().meta({ description: 'How many more persons must agree' }),
  })
  .meta({ id: 'DemandProgress' });
export type DemandProgress = z.infer<typeof DemandProgress>;

/** An approval as it is read by somebody who may have a say in it. */
export const ApprovalDetail = Approval.extend({
  project: z.string(),
  progress: z
    .array(DemandProgress)
    .nullable()
    .meta({ description: 'How far each demand is met; null once it is closed' }),
  you: z
    .object({
      may_decide: z.boolean(),
      in_place_of: z
        .string()
        .nullable()
        .meta({ description: 'Whose delegation your decision would be given by; null: your own right' }),
      why_not: z.object({ code: z.string(), message: z.string() }).nullable(),
    })
    .meta({ description: 'What the caller may do about it' }),
}).meta({ id: 'ApprovalDetail' });
export type ApprovalDetail = z.infer<typeof ApprovalDetail>;

export const WithdrawalRequest = z
  .strictObject({ comment: z.string().max(2000).optional() })
  .meta({ id: 'WithdrawalRequest' });
export type WithdrawalRequest = z.infer<typeof WithdrawalRequest>;
