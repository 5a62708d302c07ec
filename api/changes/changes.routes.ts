import {
  LifecycleMigrateRequest,
  LifecycleRestartRequest,
  LifecycleRestoreRequest,
  LifecycleScaleRequest,
  LifecycleSnapshotRequest,
  LifecycleStartRequest,
  LifecycleStopRequest,
} from '../../domain/lifecycle.ts';
import { Operation } from '../../domain/operation.ts';
import {
  ActionPlan,
  ActionPlanRequest,
  IntentRecord,
  IntentRequest,
  IntentResponse,
} from '../../domain/planner.ts';
import { Paging } from '../http/paging.ts';
import type { ProblemCode } from '../http/problem.ts';
import type { Route, RouteAnswer } from '../openapi/route.ts';
import { ActionExecutionRequest, SnapshotListResponse } from './changes.schemas.ts';
import { CHANGE_EXAMPLES } from './examples.ts';

const ACCEPTED: RouteAnswer = {
  status: 202,
  description: 'Accepted; the operation tells how it goes on',
  schema: Operation,
  headers: ['Location', 'Operation-Location', 'Idempotent-Replayed'],
};

const REFUSALS: readonly ProblemCode[] = [
  'policy_denied',
  'runtime_busy',
  'runtime_deleted',
  'wrong_state',
  'precondition_failed',
  'capability_not_supported',
  'kind_unavailable',
];

const lifecycle = {
  method: 'post',
  tag: 'Lifecycle',
  permission: 'runtime:operate',
  answer: ACCEPTED,
} as const;

/** What is done to runtimes: lifecycle, lists of actions, intents. */
export const changeRoutes: readonly Route[] = [
  {
    operationId: 'deleteRuntime',
    method: 'delete',
    path: '/runtimes/{runtime_id}',
    tag: 'Runtimes',
    summary: 'Delete a runtime',
    description: 'Leaves nothing of it in the cluster. Its history stays, and its name is free again.',
    permission: 'runtime:delete',
    answer: ACCEPTED,
    problems: ['policy_denied', 'runtime_busy', 'runtime_deleted', 'precondition_failed'],
  },
  {
    ...lifecycle,
    operationId: 'startRuntime',
    path: '/runtimes/{runtime_id}/lifecycle/start',
    summary: 'Start runtime',
    description: 'Brings back exactly what was before it was stopped.',
    body: { schema: LifecycleStartRequest, required: false, examples: CHANGE_EXAMPLES.start },
    problems: REFUSALS,
  },
  {
    ...lifecycle,
    operationId: 'stopRuntime',
    path: '/runtimes/{runtime_id}/lifecycle/stop',
    summary: 'Stop runtime',
    description: 'Nothing of it runs any more; what it was is remembered, and so is its place in the quota.',
    body: { schema: LifecycleStopRequest, required: false, examples: CHANGE_EXAMPLES.stop },
    problems: REFUSALS,
  },
  {
    ...lifecycle,
    operationId: 'restartRuntime',
    path: '/runtimes/{runtime_id}/lifecycle/restart',
    summary: 'Restart runtime',
    body: { schema: LifecycleRestartRequest, required: false, examples: CHANGE_EXAMPLES.start },
    problems: REFUSALS,
  },
  {
    ...lifecycle,
    operationId: 'scaleRuntime',
    path: '/runtimes/{runtime_id}/lifecycle/scale',
    summary: 'Scale runtime (size / replicas / resources)',
    description:
      'A size brings its own resources; what `resources` says goes before it. Of an agent that scales by itself, replicas become the least it scales to.',
    body: { schema: LifecycleScaleRequest, required: true, examples: CHANGE_EXAMPLES.scale },
    problems: [...REFUSALS, 'change_impossible', 'quota_exceeded'],
  },
  {
    ...lifecycle,
    operationId: 'snapshotRuntime',
    path: '/runtimes/{runtime_id}/lifecycle/snapshot',
    summary: 'Snapshot runtime (VM snapshot / vCluster backup)',
    description: 'What is in it, and what is not, is said by `contents` of the snapshot.',
    body: { schema: LifecycleSnapshotRequest, required: false, examples: CHANGE_EXAMPLES.snapshot },
    problems: [...REFUSALS, 'snapshot_name_taken'],
  },
  {
    ...lifecycle,
    operationId: 'restoreRuntime',
    path: '/runtimes/{runtime_id}/lifecycle/restore',
    summary: 'Put a runtime back to one of its snapshots',
    body: { schema: LifecycleRestoreRequest, required: true, examples: CHANGE_EXAMPLES.restore },
    problems: [...REFUSALS, 'snapshot_not_found'],
  },
  {
    ...lifecycle,
    operationId: 'migrateRuntime',
    path: '/runtimes/{runtime_id}/lifecycle/migrate',
    summary: 'Move a running runtime to another node',
    body: { schema: LifecycleMigrateRequest, required: false, examples: CHANGE_EXAMPLES.migrate },
    problems: REFUSALS,
  },
  {
    operationId: 'listSnapshots',
    method: 'get',
    path: '/runtimes/{runtime_id}/snapshots',
    tag: 'Lifecycle',
    summary: 'List the snapshots of a runtime',
    permission: 'runtime:read',
    query: Paging,
    answer: { status: 200, description: 'One page, newest first', schema: SnapshotListResponse },
  },
  {
    operationId: 'submitIntent',
    method: 'post',
    path: '/runtimes/{runtime_id}/intent',
    tag: 'Intent',
    summary: 'Submit an intent for a runtime (AI/AIOps/Agent-native)',
    description:
      'Planned at once, checked against the policies, tried out on the server, approved where a policy asks for it, carried out, verified, and taken back when the runtime is worse off than before.',
    permission: 'runtime:operate',
    body: { schema: IntentRequest, required: true, examples: CHANGE_EXAMPLES.intent },
    answer: { ...ACCEPTED, description: 'Accepted (planned + executed async)', schema: IntentResponse },
    problems: [...REFUSALS, 'change_impossible', 'quota_exceeded', 'snapshot_name_taken'],
  },
  {
    operationId: 'getIntent',
    method: 'get',
    path: '/runtimes/{runtime_id}/intent/{intent_id}',
    tag: 'Intent',
    summary: 'Get intent status/result',
    permission: 'runtime:read',
    answer: { status: 200, description: 'The intent, its plan, and what came of it', schema: IntentRecord },
    problems: ['not_found'],
  },
  {
    operationId: 'planActions',
    method: 'post',
    path: '/runtimes/{runtime_id}/actions/plan',
    tag: 'Actions',
    summary: 'Ask system to produce an action plan from goal/signals (no execution)',
    description: 'The same question about the same runtime gets the same plan and the same hash.',
    permission: 'runtime:read',
    body: { schema: ActionPlanRequest, required: true, examples: CHANGE_EXAMPLES.plan },
    answer: { status: 200, description: 'Action plan', schema: ActionPlan },
  },
  {
    operationId: 'executeActions',
    method: 'post',
    path: '/runtimes/{runtime_id}/actions/execute',
    tag: 'Actions',
    summary: 'Execute a deterministic action list (agent tool-call contract)',
    description:
      'In order, each verified before the next. At the first that fails the list stops, that action is taken back, and the rest is skipped. `tune_policy` sets how an agent scales by itself. `detach_observer` lets a runtime be worked on: its health is unknown and makes no events until `attach_observer`.',
    permission: 'runtime:operate',
    body: { schema: ActionExecutionRequest, required: true, examples: CHANGE_EXAMPLES.execute },
    answer: ACCEPTED,
    problems: [...REFUSALS, 'change_impossible', 'quota_exceeded', 'snapshot_name_taken'],
  },
];
