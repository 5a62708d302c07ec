import { RuntimeStatus } from '../../domain/health.ts';
import { Runtime, RuntimeCreateRequest } from '../../domain/runtime.ts';
import { DEPLOY_HEADERS, DEPLOY_REFUSALS } from '../deployments/deployments.routes.ts';
import { EXAMPLES } from '../openapi/examples.ts';
import type { Route } from '../openapi/route.ts';
import { RuntimeListQuery, RuntimeListResponse } from './runtimes.schemas.ts';

/** Making, listing and looking at runtimes. */
export const runtimeRoutes: readonly Route[] = [
  {
    operationId: 'createRuntime',
    method: 'post',
    path: '/runtimes',
    tag: 'Runtimes',
    summary: 'Create a runtime',
    description:
      'Answers as soon as the deploy of its first version is admitted; the operation tells how it goes on. A deploy that needs an approval is admitted and waits.',
    permission: 'runtime:create',
    body: { schema: RuntimeCreateRequest, required: true, examples: EXAMPLES.createRuntime },
    answer: {
      status: 201,
      description: 'Created; its first deploy has begun',
      schema: Runtime,
      headers: DEPLOY_HEADERS,
    },
    problems: [...DEPLOY_REFUSALS, 'name_taken', 'kind_unavailable', 'image_required'],
  },
  {
    operationId: 'listRuntimes',
    method: 'get',
    path: '/runtimes',
    tag: 'Runtimes',
    summary: 'List runtimes',
    permission: 'runtime:read',
    query: RuntimeListQuery,
    answer: { status: 200, description: 'One page, newest first', schema: RuntimeListResponse },
  },
  {
    operationId: 'getRuntime',
    method: 'get',
    path: '/runtimes/{runtime_id}',
    tag: 'Runtimes',
    summary: 'Get a runtime',
    permission: 'runtime:read',
    answer: {
      status: 200,
      description: 'What was asked for, and what is known of it',
      schema: Runtime,
      headers: ['ETag'],
    },
  },
  {
    operationId: 'getRuntimeStatus',
    method: 'get',
    path: '/runtimes/{runtime_id}/status',
    tag: 'Runtimes',
    summary: 'Get runtime status & signals',
    description:
      'From what the observer last saw, without a call to the cluster. Older than its bound, health is `unknown`.',
    permission: 'runtime:read',
    answer: { status: 200, description: 'Health with its reason in words', schema: RuntimeStatus },
  },
];
