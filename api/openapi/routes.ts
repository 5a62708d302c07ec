import { Approval, DecisionRequest } from '../../domain/approval.ts';
import { Deployment, DeploymentCreateRequest } from '../../domain/deployment.ts';
import { RuntimeStatus } from '../../domain/health.ts';
import { Operation } from '../../domain/operation.ts';
import { Runtime, RuntimeCreateRequest } from '../../domain/runtime.ts';
import { ApprovalListQuery, ApprovalListResponse } from '../approvals/approvals.schemas.ts';
import { DeploymentListResponse } from '../deployments/deployments.schemas.ts';
import { EventListQuery, EventListResponse } from '../events/events.schemas.ts';
import { ApiHealth } from '../health/health.schemas.ts';
import { Paging } from '../http/paging.ts';
import type { ProblemCode } from '../http/problem.ts';
import {
  CancelRequest,
  OperationListQuery,
  OperationListResponse,
  OperationQuery,
  ResolveRequest,
} from '../operations/operations.schemas.ts';
import { RuntimeListQuery, RuntimeListResponse } from '../runtimes/runtimes.schemas.ts';
import { EXAMPLES } from './examples.ts';
import type { Route } from './route.ts';

const DEPLOY_REFUSALS: readonly ProblemCode[] = [
  'policy_denied',
  'quota_exceeded',
  'governance_settings_missing',
];
const DEPLOY_HEADERS = ['Location', 'Operation-Location', 'Idempotent-Replayed'] as const;

const runtimeRoutes: readonly Route[] = [
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
    problems: [...DEPLOY_REFUSALS, 'name_taken'],
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
    answer: { status: 200, description: 'What was asked for, and what is known of it', schema: Runtime },
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

const deploymentRoutes: readonly Route[] = [
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
    problems: [...DEPLOY_REFUSALS, 'runtime_busy', 'runtime_on_hold'],
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

const operationRoutes: readonly Route[] = [
  {
    operationId: 'getOperation',
    method: 'get',
    path: '/operations/{operation_id}',
    tag: 'Runtimes',
    summary: 'Get async operation',
    permission: 'operation:read',
    query: OperationQuery,
    answer: { status: 200, description: 'The operation', schema: Operation, headers: ['Retry-After'] },
  },
  {
    operationId: 'listOperations',
    method: 'get',
    path: '/operations',
    tag: 'Operations',
    summary: 'List operations',
    permission: 'operation:read',
    query: OperationListQuery,
    answer: { status: 200, description: 'One page, newest first', schema: OperationListResponse },
  },
  {
    operationId: 'cancelOperation',
    method: 'post',
    path: '/operations/{operation_id}/cancel',
    tag: 'Operations',
    summary: 'Cancel an operation',
    description: 'Before anything was changed it just ends; after that, what was there before is put back.',
    permission: 'operation:cancel',
    body: { schema: CancelRequest, required: false, examples: EXAMPLES.cancelOperation },
    answer: {
      status: 202,
      description: 'It is being cancelled',
      schema: Operation,
      headers: ['Location', 'Idempotent-Replayed'],
    },
    problems: ['cannot_cancel_now', 'operation_finished'],
  },
  {
    operationId: 'resolveOperation',
    method: 'post',
    path: '/operations/{operation_id}/resolve',
    tag: 'Operations',
    summary: 'Say what shall become of an operation that needs attention',
    permission: 'operation:resolve',
    body: { schema: ResolveRequest, required: true, examples: EXAMPLES.resolveOperation },
    answer: {
      status: 202,
      description: 'It goes on',
      schema: Operation,
      headers: ['Location', 'Idempotent-Replayed'],
    },
    problems: ['does_not_need_attention', 'operation_finished'],
  },
];

const approvalRoutes: readonly Route[] = [
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

/** Every route of the API, in the order the document shows them. */
export const ROUTES: readonly Route[] = [
  ...runtimeRoutes,
  ...deploymentRoutes,
  ...operationRoutes,
  ...approvalRoutes,
  {
    operationId: 'listEvents',
    method: 'get',
    path: '/runtimes/{runtime_id}/events',
    tag: 'Events',
    summary: 'List runtime events (audit + ops feedback)',
    description:
      'Oldest first. With `Accept: text/event-stream` the same events come as they happen, each with its sequence as id; after a break `Last-Event-ID` goes on without a gap.',
    permission: 'event:read',
    query: EventListQuery,
    answer: {
      status: 200,
      description: 'One page',
      schema: EventListResponse,
      eventStream: 'id: 7\nevent: deploy.verifying\ndata: {"id":"evt_…","sequence":7,…}\n\n',
    },
    problems: ['events_gone'],
  },
  {
    operationId: 'getHealth',
    method: 'get',
    path: '/health',
    tag: 'Health',
    summary: 'Health check',
    description: 'Answers 200 while the API serves, also when a part is away: then `status` is `degraded`.',
    answer: { status: 200, description: 'The API serves', schema: ApiHealth },
  },
];
