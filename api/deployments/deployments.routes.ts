import { Deployment, DeploymentCreateRequest } from '../../domain/deployment.ts';
import { Operation } from '../../domain/operation.ts';
import { Paging } from '../http/paging.ts';
import type { ProblemCode } from '../http/problem.ts';
import { EXAMPLES } from '../openapi/examples.ts';
import type { Route } from '../openapi/route.ts';
import { DeploymentListResponse } from './deployments.schemas.ts';

/** Why a deploy may be refused, whether it is the first or a later one. */
export const DEPLOY_REFUSALS: readonly ProblemCode[] = [
  'policy_denied',
  'quota_exceeded',
  'governance_settings_missing',
];
export const DEPLOY_HEADERS = ['Location', 'Operation-Location', 'Idempotent-Replayed'] as const;

/** Putting versions into runtimes. */
export const deploymentRoutes: readonly Route[] = [
  {
    operationId: 'createDeployment',
    method: 'post',
    path: '/runtimes/{runtime_id}/deployments',
    tag: 'Deployments',
    summary: 'Deploy a version into a runtime',
    permission: 'runtime:deploy',
    body: { schema: DeploymentCreateRequest, required: true, examples: EXAMPLES.createDeployment },
    answer: {
      status: 202,
      description: 'Begun, or waiting for its approval',
      schema: Operation,
      headers: DEPLOY_HEADERS,
    },
    problems: [
      ...DEPLOY_REFUSALS,
      'runtime_busy',
      'runtime_on_hold',
      'runtime_deleted',
      'precondition_failed',
      'capability_not_supported',
    ],
  },
  {
    operationId: 'listDeployments',
    method: 'get',
    path: '/runtimes/{runtime_id}/deployments',
    tag: 'Deployments',
    summary: 'List the deployments of a runtime',
    permission: 'runtime:read',
    query: Paging,
    answer: { status: 200, description: 'One page, newest first', schema: DeploymentListResponse },
  },
  {
    operationId: 'getDeployment',
    method: 'get',
    path: '/deployments/{deployment_id}',
    tag: 'Deployments',
    summary: 'Get a deployment',
    description: 'With stage, plan and diff, verdict, and the evidence that was kept when it was given up.',
    permission: 'runtime:read',
    answer: { status: 200, description: 'The deployment', schema: Deployment },
  },
];
