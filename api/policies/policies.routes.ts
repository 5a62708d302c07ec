import { Paging } from '../http/paging.ts';
import { EXAMPLES } from '../openapi/examples.ts';
import type { Route } from '../openapi/route.ts';
import {
  PolicyAnswer,
  PolicyCreateRequest,
  PolicyListQuery,
  PolicyListResponse,
  PolicyVersionListResponse,
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
      'It holds from the next admission on, and for what was admitted before it acts. Of all rules of all policies that match a question, any `deny_action` and any `budget_guardrail` that is exceeded and denies wins, then every `require_approval` has to be met, then an `allow_action` allows; where no rule has a say, production denies what ends or empties something that runs, and all else is allowed. A tenant without any policy may do nothing. A rule that fails when it is asked denies. Rules of tenants above hold too, but for what they allow. `warnings` has rules that contradict each other.',
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
    operationId: 'replacePolicy',
    method: 'put',
    path: '/policies/{policy_id}',
    tag: 'Policies',
    summary: 'Replace a policy by its next version',
    description:
      'All of it is replaced: what is left out is as in a new policy. The versions before are kept. A policy of a tenant above is 409.',
    permission: 'policy:write',
    ifMatch: true,
    body: { schema: PolicyCreateRequest, required: true, examples: EXAMPLES.createPolicy },
    answer: { status: 200, description: 'The new version, in its old place', schema: PolicyAnswer },
    problems: ['name_taken', 'rule_not_enforced', 'policy_inherited', 'quota_exceeded'],
    withoutTemporal: true,
  },
  {
    operationId: 'listPolicyVersions',
    method: 'get',
    path: '/policies/{policy_id}/versions',
    tag: 'Policies',
    summary: 'List the versions of a policy',
    description: 'Also of one that was deleted, whose last version says so.',
    permission: 'policy:read',
    query: Paging,
    answer: { status: 200, description: 'One page, newest first', schema: PolicyVersionListResponse },
  },
  {
    operationId: 'deletePolicy',
    method: 'delete',
    path: '/policies/{policy_id}',
    tag: 'Policies',
    summary: 'Delete policy',
    description:
      'Its versions are kept. A tenant without any policy may do nothing. A policy of a tenant above is 409.',
    problems: ['policy_inherited'],
    permission: 'policy:write',
    ifMatch: true,
    withoutTemporal: true,
    answer: { status: 204, description: 'Deleted' },
  },
];
