import { Paging } from '../http/paging.ts';
import { MemberListResponse } from '../members/members.schemas.ts';
import { EXAMPLES } from '../openapi/examples.ts';
import type { Route } from '../openapi/route.ts';
import {
  ProjectAnswer,
  ProjectChangeRequest,
  ProjectCreateRequest,
  ProjectListResponse,
} from './projects.schemas.ts';

/** The parts a tenant is divided into; who has a role in some of them sees no others. */
export const projectRoutes: readonly Route[] = [
  {
    operationId: 'createProject',
    method: 'post',
    path: '/projects',
    tag: 'Projects',
    summary: 'Create a project',
    description:
      'Who makes a project as a developer gets the role developer in it. The first runtime of a project makes it too.',
    permission: 'project:write',
    body: { schema: ProjectCreateRequest, required: true, examples: EXAMPLES.createProject },
    answer: {
      status: 201,
      description: 'Created',
      schema: ProjectAnswer,
      headers: ['Location', 'Idempotent-Replayed'],
    },
    problems: ['name_taken', 'not_found'],
    withoutTemporal: true,
  },
  {
    operationId: 'listProjects',
    method: 'get',
    path: '/projects',
    tag: 'Projects',
    summary: 'List the projects you may see',
    permission: 'project:read',
    query: Paging,
    answer: { status: 200, description: 'One page, by name', schema: ProjectListResponse },
  },
  {
    operationId: 'getProject',
    method: 'get',
    path: '/projects/{project}',
    tag: 'Projects',
    summary: 'Get a project',
    permission: 'project:read',
    answer: { status: 200, description: 'The project', schema: ProjectAnswer, headers: ['ETag'] },
  },
  {
    operationId: 'changeProject',
    method: 'put',
    path: '/projects/{project}',
    tag: 'Projects',
    summary: 'Set what a project may hold',
    description:
      'Holds for what is admitted from now on; the namespace of the project follows with the next deploy.',
    permission: 'quota:write',
    body: { schema: ProjectChangeRequest, required: true, examples: EXAMPLES.changeProject },
    ifMatch: true,
    answer: {
      status: 200,
      description: 'The project as it is now',
      schema: ProjectAnswer,
      headers: ['ETag'],
    },
    withoutTemporal: true,
  },
  {
    operationId: 'listProjectMembers',
    method: 'get',
    path: '/projects/{project}/members',
    tag: 'Projects',
    summary: 'List who has a role in a project',
    permission: 'member:read',
    query: Paging,
    answer: {
      status: 200,
      description: 'One page, newest first; also who has a role in all projects',
      schema: MemberListResponse,
    },
  },
];
