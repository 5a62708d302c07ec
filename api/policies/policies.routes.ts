import { EXAMPLES } from '../openapi/examples.ts';
import type { Route } from '../openapi/route.ts';
import {
  PolicyAnswer,
  PolicyCreateRequest,
  PolicyListQuery,
  PolicyListResponse,
} from './policies.schemas.ts';

/** What is allowed, denied, or needs an approval. */
export const policyRoutes: readonly Route[] = [
  {
    operationId: 'createPolicy',
    method: 'post',
    path: '/policies',
    tag: 'Policies',
    summary: 'Create a policy (tenant / env scoped)',
    description:
      'It holds from the next admission on; what was admitted before goes on. Of all rules of all policies that select a question, any `deny_action` wins, then the strictest `require_approval`, then an `allow_action`; what no rule allows is denied.',
    permission: 'policy:write',
    body: { schema: PolicyCreateRequest, required: true, examples: EXAMPLES.createPolicy },
    answer: {
      status: 201,
      description: 'Created, behind all others',
      schema: PolicyAnswer,
      headers: ['Location', 'Idempotent-Replayed'],
    },
    problems: ['name_taken', 'rule_not_enforced', 'quota_exceeded', 'not_found'],
    withoutTemporal: true,
  },
  {
    operationId: 'listPolicies',
    method: 'get',
    path: '/policies',
    tag: 'Policies',
    summary: 'List policies',
    permission: 'policy:read',
    query: PolicyListQuery,
    answer: { status: 200, description: 'One page, newest first', schema: PolicyListResponse },
  },
  {
    operationId: 'getPolicy',
    method: 'get',
    path: '/policies/{policy_id}',
    tag: 'Policies',
    summary: 'Get policy',
    permission: 'policy:read',
    answer: { status: 200, description: 'The policy', schema: PolicyAnswer, headers: ['ETag'] },
  },
  {
    operationId: 'deletePolicy',
    method: 'delete',
    path: '/policies/{policy_id}',
    tag: 'Policies',
    summary: 'Delete policy',
    description: 'A tenant without any policy may do nothing: what is not allowed is denied.',
    permission: 'policy:write',
    ifMatch: true,
    withoutTemporal: true,
    answer: { status: 204, description: 'Deleted' },
  },
];
