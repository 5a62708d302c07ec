import { Delegation } from '../../domain/approval.ts';
import { EXAMPLES } from '../openapi/examples.ts';
import type { Route } from '../openapi/route.ts';
import { DelegationListQuery, DelegationListResponse, DelegationRequest } from './delegations.schemas.ts';

/** Who decides in whose place, and until when. */
export const delegationRoutes: readonly Route[] = [
  {
    operationId: 'createDelegation',
    method: 'post',
    path: '/delegations',
    tag: 'Approvals',
    summary: 'Let somebody decide in your place',
    description:
      'For your own decisions, or with `member:write` for those of somebody else. What the one in whose place it is may not do, nobody may in their place. Both count as one person, and who asked for an operation cannot decide on it in anybody’s place.',
    permission: 'approval:decide',
    body: { schema: DelegationRequest, required: true, examples: EXAMPLES.createDelegation },
    answer: {
      status: 201,
      description: 'It holds from now on',
      schema: Delegation,
      headers: ['Location', 'Idempotent-Replayed'],
    },
    problems: ['quota_exceeded'],
    withoutTemporal: true,
  },
  {
    operationId: 'listDelegations',
    method: 'get',
    path: '/delegations',
    tag: 'Approvals',
    summary: 'List delegations',
    permission: 'approval:read',
    query: DelegationListQuery,
    answer: { status: 200, description: 'One page, newest first', schema: DelegationListResponse },
  },
  {
    operationId: 'getDelegation',
    method: 'get',
    path: '/delegations/{delegation_id}',
    tag: 'Approvals',
    summary: 'Get a delegation',
    permission: 'approval:read',
    answer: { status: 200, description: 'The delegation, also when it has ended', schema: Delegation },
  },
  {
    operationId: 'revokeDelegation',
    method: 'delete',
    path: '/delegations/{delegation_id}',
    tag: 'Approvals',
    summary: 'End a delegation',
    description:
      'By either of the two, or with `member:write`. An approval that was given by it and not acted on yet does not count any more.',
    permission: 'approval:read',
    withoutTemporal: true,
    answer: { status: 204, description: 'It has ended' },
  },
];
