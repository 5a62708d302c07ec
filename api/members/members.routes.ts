import { EXAMPLES } from '../openapi/examples.ts';
import type { Route } from '../openapi/route.ts';
import {
  MemberAnswer,
  MemberChangeRequest,
  MemberCreateRequest,
  MemberListQuery,
  MemberListResponse,
} from './members.schemas.ts';

/** People and agents of a tenant, and what each may do where. */
export const memberRoutes: readonly Route[] = [
  {
    operationId: 'createMember',
    method: 'post',
    path: '/members',
    tag: 'Members',
    summary: 'Make a person or an agent known',
    description:
      'Nobody gives a role that permits more than they may themselves. With member:write in one project only, roles are given in that project.',
    permission: 'member:write',
    body: { schema: MemberCreateRequest, required: true, examples: EXAMPLES.createMember },
    answer: {
      status: 201,
      description: 'Made; it has no key yet',
      schema: MemberAnswer,
      headers: ['Location', 'Idempotent-Replayed'],
    },
    problems: ['not_found'],
    withoutTemporal: true,
  },
  {
    operationId: 'listMembers',
    method: 'get',
    path: '/members',
    tag: 'Members',
    summary: 'List members',
    permission: 'member:read',
    query: MemberListQuery,
    answer: { status: 200, description: 'One page, newest first', schema: MemberListResponse },
  },
  {
    operationId: 'getMember',
    method: 'get',
    path: '/members/{principal_id}',
    tag: 'Members',
    summary: 'Get a member',
    permission: 'member:read',
    answer: { status: 200, description: 'The member', schema: MemberAnswer, headers: ['ETag'] },
  },
  {
    operationId: 'changeMember',
    method: 'put',
    path: '/members/{principal_id}',
    tag: 'Members',
    summary: 'Change a member and its roles',
    description:
      'What is left out stays as it is; `grants` are all roles it shall have, where you may see them.',
    permission: 'member:write',
    body: { schema: MemberChangeRequest, required: true, examples: EXAMPLES.changeMember },
    ifMatch: true,
    answer: { status: 200, description: 'The member as it is now', schema: MemberAnswer, headers: ['ETag'] },
    problems: ['last_admin'],
    withoutTemporal: true,
  },
  {
    operationId: 'disableMember',
    method: 'delete',
    path: '/members/{principal_id}',
    tag: 'Members',
    summary: 'Disable a member',
    description: 'Its keys and logins are refused from now on. What it did stays, under its name.',
    permission: 'member:write',
    ifMatch: true,
    answer: { status: 204, description: 'Disabled' },
    problems: ['last_admin'],
    withoutTemporal: true,
  },
];
