import { Approval, DecisionRequest } from '../../domain/approval.ts';
import { EXAMPLES } from '../openapi/examples.ts';
import type { Route } from '../openapi/route.ts';
import {
  ApprovalDetail,
  ApprovalListQuery,
  ApprovalListResponse,
  ApprovalReadQuery,
  WithdrawalRequest,
} from './approvals.schemas.ts';

/** Deciding on what waits for a person. */
export const approvalRoutes: readonly Route[] = [
  {
    operationId: 'listApprovals',
    method: 'get',
    path: '/approvals',
    tag: 'Approvals',
    summary: 'List approvals',
    description: 'Without the diffs; `GET /approvals/{approval_id}` has the whole card.',
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
    query: ApprovalReadQuery,
    answer: {
      status: 200,
      description: 'The question with its card, the answers so far, and what the caller may do about it',
      schema: ApprovalDetail,
      markdown: '# deploy shop:1.5.0 into checkout (production, acme/shop)\n\n- Status: **open**\n…',
    },
  },
  {
    operationId: 'decideApproval',
    method: 'post',
    path: '/approvals/{approval_id}/decision',
    tag: 'Approvals',
    summary: 'Approve or reject',
    description:
      'Needs the permission `approval:decide` in the project of the runtime, one’s own or that of somebody who delegates to the caller. Who asked for the operation cannot decide on it, by whatever key, login or agent. Send the `digest` of the approval as it was read: the decision is refused when it is about something else by now.',
    permission: 'approval:read',
    body: { schema: DecisionRequest, required: true, examples: EXAMPLES.decideApproval },
    answer: {
      status: 200,
      description: 'The approval with this decision',
      schema: Approval,
      headers: ['Idempotent-Replayed'],
    },
    problems: [
      'four_eyes',
      'not_an_approver',
      'already_decided',
      'approval_changed',
      'approval_expired',
      'not_awaiting_approval',
    ],
  },
  {
    operationId: 'withdrawDecision',
    method: 'post',
    path: '/approvals/{approval_id}/withdrawal',
    tag: 'Approvals',
    summary: 'Take a decision back',
    description:
      'One’s own, or the one that somebody gave in one’s place; as long as the operation has not begun to act on it.',
    permission: 'approval:read',
    body: { schema: WithdrawalRequest, required: true, examples: EXAMPLES.withdrawDecision },
    answer: {
      status: 200,
      description: 'The approval without this decision',
      schema: Approval,
      headers: ['Idempotent-Replayed'],
    },
    problems: [
      'nothing_to_withdraw',
      'already_decided',
      'approval_expired',
      'approval_changed',
      'not_awaiting_approval',
    ],
  },
];
