import { Approval, DecisionRequest } from '../../domain/approval.ts';
import { EXAMPLES } from '../openapi/examples.ts';
import type { Route } from '../openapi/route.ts';
import { ApprovalListQuery, ApprovalListResponse } from './approvals.schemas.ts';

/** Deciding on what waits for a person. */
export const approvalRoutes: readonly Route[] = [
  {
    operationId: 'listApprovals',
    method: 'get',
    path: '/approvals',
    tag: 'Approvals',
    summary: 'List approvals',
    permission: 'approval:read',
    query: ApprovalListQuery,
    answer: { status: 200, description: 'One page, newest first', schema: ApprovalListResponse },
  },
  {
    operationId: 'getApproval',
    method: 'get',
    path: '/approvals/{approval_id}',
    tag: 'Approvals',
    summary: 'Get an approval',
    permission: 'approval:read',
    answer: { status: 200, description: 'The question and the answers so far', schema: Approval },
  },
  {
    operationId: 'decideApproval',
    method: 'post',
    path: '/approvals/{approval_id}/decision',
    tag: 'Approvals',
    summary: 'Approve or reject',
    description: 'Who asked for the deploy cannot decide on it.',
    permission: 'approval:decide',
    body: { schema: DecisionRequest, required: true, examples: EXAMPLES.decideApproval },
    answer: {
      status: 200,
      description: 'The approval with this decision',
      schema: Approval,
      headers: ['Idempotent-Replayed'],
    },
    problems: ['four_eyes', 'already_decided', 'approval_expired', 'not_awaiting_approval'],
  },
];
