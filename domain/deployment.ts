import { z } from 'zod';
import { AgentConfig } from './agent-config.ts';
import { idOf } from './ids.ts';
import { OperationError, Outcome, Stage } from './operation.ts';
import type { PolicyVerdict } from './policy.ts';
import type { Requester } from './requester.ts';
import type { Environment, SlotQuota } from './tenant.ts';

/** How long a new revision may take to become healthy, and how long it must stay so before it counts as verified. */
export const Verification = z
  .strictObject({
    timeout_seconds: z.int().min(5).max(3600).default(300),
    soak_seconds: z.int().min(0).max(3600).default(10),
  })
  .meta({ id: 'Verification' });
export type Verification = z.infer<typeof Verification>;

export const DeploymentCreateRequest = z
  .strictObject({
    agent: AgentConfig,
    verification: Verification.optional(),
    keep_failed: z.boolean().default(false),
    lift_hold: z
      .boolean()
      .default(false)
      .meta({ description: 'Deploy although the runtime holds after a rollback' }),
    comment: z.string().max(500).optional(),
  })
  .meta({ id: 'DeploymentCreateRequest' });
export type DeploymentCreateRequest = z.infer<typeof DeploymentCreateRequest>;

/** What a deploy would change, object by object, as the API server answered a server-side dry run. */
export const Plan = z
  .object({
    digest: z
      .string()
      .meta({ description: 'SHA-256 over manifests, values and chart; approvals and read-back refer to it' }),
    chart: z.object({ name: z.string(), version: z.string() }),
    summary: z.object({ create: z.int(), update: z.int(), unchanged: z.int(), remove: z.int() }),
    changes: z.array(
      z.object({
        kind: z.string(),
        name: z.string(),
        change: z.enum(['create', 'update', 'unchanged', 'remove']),
        diff: z.string().meta({ description: 'Unified diff of the YAML; empty when unchanged' }),
      }),
    ),
  })
  .meta({ id: 'Plan' });
export type Plan = z.infer<typeof Plan>;

/** What was seen when a revision was given up, kept because the pods will be gone. */
export const Evidence = z
  .object({
    collected_at: z.iso.datetime(),
    reason: z.string(),
    events: z.array(
      z.object({
        ts: z.string(),
        type: z.string(),
        reason: z.string(),
        object: z.string(),
        message: z.string(),
        count: z.int(),
      }),
    ),
    pods: z.array(
      z.object({
        name: z.string(),
        phase: z.string(),
        ready: z.boolean(),
        restarts: z.int(),
        reason: z.string().nullable(),
        failed_probe: z.string().nullable(),
        logs: z.array(z.string()).meta({ description: 'Last lines of the failed container, oldest first' }),
        logs_unavailable: z
          .string()
          .nullable()
          .meta({ description: 'Why there are none, e.g. a simulated node' }),
      }),
    ),
    see_more: z.string().meta({ description: 'A command that shows more' }),
  })
  .meta({ id: 'Evidence' });
export type Evidence = z.infer<typeof Evidence>;

/** The judgement on a rollout, with its reason in words. */
export const RolloutReport = z
  .object({
    status: z.enum(['progressing', 'healthy', 'failed', 'inconclusive']),
    reason: z.string(),
    ready_pods: z.int(),
    total_pods: z.int(),
  })
  .meta({ id: 'RolloutReport' });
export type RolloutReport = z.infer<typeof RolloutReport>;

/** One attempt to put a version into a runtime. */
export const Deployment = z
  .object({
    id: idOf('deployment'),
    runtime_id: idOf('runtime'),
    operation_id: idOf('operation'),
    stage: Stage,
    outcome: Outcome.nullable(),
    agent: AgentConfig,
    verification: Verification,
    policy: z.object({ answer: z.string(), policy: z.string(), reason: z.string() }).nullable(),
    base_revision: z.int().nullable().meta({ description: 'Helm revision before this deployment' }),
    revision: z.int().nullable().meta({ description: 'Helm revision this deployment made' }),
    restored_revision: z.int().nullable().meta({ description: 'Helm revision made by the rollback' }),
    verified: z.boolean(),
    plan: Plan.nullable(),
    verdict: RolloutReport.nullable(),
    evidence: Evidence.nullable(),
    error: OperationError.nullable(),
    requested_by: z.string(),
    comment: z.string().nullable(),
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Deployment' });
export type Deployment = z.infer<typeof Deployment>;

/** The only argument of the workflow `deployRuntime`. `create` is there when the runtime does not exist yet. */
export interface DeployRuntimeInput {
  readonly operationId: string;
  readonly deploymentId: string;
  readonly runtimeId: string;
  readonly tenantId: string;
  readonly requester: Requester;
  readonly create?: {
    readonly name: string;
    readonly project: string;
    readonly environment: Environment;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly agent: AgentConfig;
  readonly verification: Verification;
  readonly keepFailed: boolean;
  readonly liftHold: boolean;
  readonly comment?: string;
  /** Versions of the runtime (its ETag) one of which it must still have. */
  readonly ifVersions?: readonly number[];
}

/** Where a runtime lives in the cluster, and everything an activity needs to know of it. */
export interface ReleaseTarget {
  readonly runtimeId: string;
  readonly runtimeName: string;
  readonly tenantId: string;
  readonly project: string;
  readonly environment: Environment;
  readonly namespace: string;
  /** Name of the Helm release, the Deployment and the Service. */
  readonly release: string;
  /** Where policies let it reach: nothing when no data_egress rule is about it, else this and no more. */
  readonly egress?: { readonly cidrs: readonly string[]; readonly namespaces: readonly string[] };
}

/** A Helm revision that was seen healthy for its whole soak; the only thing a rollback goes back to. */
export interface VerifiedRevision {
  readonly revision: number;
  readonly operationId: string;
  readonly deploymentId: string;
}

/** The answer of admission: refused with a reason, or accepted with all that the rest of the deploy needs. */
export type Admission =
  | { readonly admitted: false; readonly code: AdmissionRefusal; readonly reason: string }
  | {
      readonly admitted: true;
      readonly target: ReleaseTarget;
      readonly quota: SlotQuota;
      readonly policy: PolicyVerdict;
      readonly verified?: VerifiedRevision;
      /** The newest Helm revision our records know of; anything above it was made outside. */
      readonly knownRevision: number;
    };

/** Why a deploy is not begun. Each has its own HTTP status in the API. */
export type AdmissionRefusal =
  | 'policy_denied'
  | 'name_taken'
  | 'runtime_not_found'
  | 'runtime_on_hold'
  | 'quota_exceeded'
  | 'governance_settings_missing'
  | 'runtime_deleted'
  | 'precondition_failed'
  | 'capability_not_supported'
  | 'kind_unavailable'
  | 'wrong_state'
  | 'change_impossible'
  | 'snapshot_name_taken'
  | 'snapshot_not_found'
  | 'cannot_plan';

/** What `planRelease` tells the workflow; the plan itself is kept in the database. */
export interface PlanReport {
  readonly digest: string;
  readonly summary: Plan['summary'];
  readonly baseRevision: number;
  /** Present when a revision exists that none of our operations made. */
  readonly changedOutside?: { readonly revision: number; readonly description: string };
}

/** What a Helm call left in the release storage, read back after it ended. */
export interface ReleaseReport {
  readonly revision: number;
  readonly status: string;
  readonly manifestDigest: string;
}
