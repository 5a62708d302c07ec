import { z } from 'zod';
import { Action } from './action.ts';
import { idOf } from './ids.ts';
import { Environment, ProjectName, TenantId } from './tenant.ts';

/** The contract's coarse word for where an operation is; `stage` and `outcome` say it finely. */
export const OperationStatus = z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']);
export type OperationStatus = z.infer<typeof OperationStatus>;

/** The step an operation is in. The same string is the log line, the event, the Web UI text and the API field. */
export const Stage = z.enum([
  'checking_policy',
  'awaiting_approval',
  'preparing',
  'applying',
  'verifying',
  'rolling_back',
  'needs_attention',
  'finished',
]);
export type Stage = z.infer<typeof Stage>;

/**
 * How an operation ended. `rejected`: a policy or a person said no. `failed`: it was tried and did not work.
 * `errored`: the world could not be reached or a part broke. `rolled_back`: it did not work and what was there
 * before is back. `expired`: nobody answered the approval in time.
 */
export const Outcome = z.enum([
  'succeeded',
  'rejected',
  'expired',
  'failed',
  'errored',
  'rolled_back',
  'cancelled',
  'abandoned',
]);
export type Outcome = z.infer<typeof Outcome>;

/** What an operation leaves in the cluster: nothing, its new revision, or what was there before. */
export type Leaves = 'nothing' | 'new' | 'previous';

/** What a person says about an operation that needs attention; its `waits_for` says what each would do. */
export const Resolution = z.enum(['retry', 'accept', 'abandon']);
export type Resolution = z.infer<typeof Resolution>;

/** `code` is one of `domain/rules/error-code.ts`; the contract leaves it open, so that a new one breaks no reader. */
export const OperationError = z.object({ code: z.string(), message: z.string() });
export type OperationError = z.infer<typeof OperationError>;

/** What an operation does; every lifecycle call is one of its own name. */
export const OperationKind = z.enum([
  'deploy',
  'create',
  'start',
  'stop',
  'restart',
  'scale',
  'snapshot',
  'restore',
  'migrate',
  'delete',
  'actions',
  'intent',
]);
export type OperationKind = z.infer<typeof OperationKind>;

/** One change within an operation, and how far it is. `undone`: it was taken back because it, or its verification, failed. */
export const OperationStep = z
  .object({
    action: Action.nullable().meta({ description: 'Null for a create, a restore and a delete' }),
    verb: z.string(),
    status: z.enum(['pending', 'running', 'succeeded', 'failed', 'skipped', 'undone']),
    message: z.string().nullable(),
    started_at: z.iso.datetime().nullable(),
    finished_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'OperationStep' });
export type OperationStep = z.infer<typeof OperationStep>;

/** The handle of any asynchronous work: one operation is one run of one workflow. */
export const Operation = z
  .object({
    id: idOf('operation'),
    kind: OperationKind,
    status: OperationStatus,
    stage: Stage,
    outcome: Outcome.nullable(),
    tenant_id: TenantId,
    project: ProjectName,
    environment: Environment,
    runtime_id: idOf('runtime').nullable(),
    deployment_id: idOf('deployment').nullable(),
    approval_id: idOf('approval').nullable(),
    requested_by: z.string(),
    on_behalf_of: z.string().nullable().meta({ description: 'The principal for whom an agent asked' }),
    verdict: z
      .object({
        answer: z.enum(['allow', 'deny', 'require_approval']),
        policy: z.string(),
        reason: z.string(),
        digest: z.string().meta({ description: 'Of the set of policies it was judged by' }),
      })
      .nullable()
      .meta({ description: 'What the policies said last: at admission, or right before it acted' }),
    steps: z.array(OperationStep).meta({ description: 'Empty for a deploy, whose stages say it all' }),
    waits_for: z
      .string()
      .nullable()
      .meta({ description: 'What must happen next, in words, when the operation waits' }),
    progress: z.object({ percent: z.int().min(0).max(100), message: z.string().nullable() }).nullable(),
    error: OperationError.nullable(),
    workflow: z.object({ workflow_id: z.string(), run_id: z.string(), url: z.string().nullable() }),
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Operation' });
export type Operation = z.infer<typeof Operation>;
