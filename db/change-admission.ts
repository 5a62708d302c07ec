import { type RawBuilder, sql } from 'kysely';
import type { SnapshotName } from '../domain/change.ts';
import type { ChangeAdmission, NewRuntime } from '../domain/change-operation.ts';
import type { OperationKind, OperationStep, Stage } from '../domain/operation.ts';
import type { Footprint, Policy, PolicyVerdict } from '../domain/policy.ts';
import type { Requester } from '../domain/requester.ts';
import type { Reservation } from '../domain/rules/quota.ts';
import type { PodSecurity } from '../domain/rules/slot.ts';
import type { Environment, SlotQuota } from '../domain/tenant.ts';
import { type NewEvent, writingEvent } from './events.ts';
import { keepingPolicyDecisions, type PolicyDecision } from './policy-decisions.ts';
import type { TenantSql } from './tables.ts';

/** What is written when a change is admitted. */
export interface AdmittedChange {
  readonly operationId: string;
  readonly runtimeId: string;
  readonly kind: OperationKind;
  readonly requester: Requester;
  readonly project: string;
  readonly environment: Environment;
  readonly create?:
    | (NewRuntime & { readonly backend: string; readonly podSecurity: PodSecurity })
    | undefined;
  readonly stage: Stage;
  readonly steps: readonly OperationStep[];
  readonly request: Readonly<Record<string, unknown>>;
  readonly reservation: Reservation;
  readonly quota: SlotQuota;
  readonly snapshots: readonly SnapshotName[];
  readonly intent?:
    | {
        readonly id: string;
        readonly request: unknown;
        readonly plan: unknown;
        readonly verdicts: unknown;
        readonly before: unknown;
      }
    | undefined;
  /** The most it will hold after any of its steps. */
  readonly footprint: Footprint;
  readonly policy: PolicyVerdict;
  readonly decisions: readonly PolicyDecision[];
  readonly policies: readonly Policy[];
  readonly workflowId: string;
  readonly runId: string;
  readonly answer: ChangeAdmission;
  readonly event: NewEvent;
}

/** What is written when policy denied a change. */
export type RejectedChange = Omit<
  AdmittedChange,
  'steps' | 'stage' | 'quota' | 'reservation' | 'footprint' | 'snapshots' | 'runtimeId'
> & { readonly runtimeId: string | null };

/** Writes project, runtime, operation, snapshots, intent, the policies’ decisions and first event in one statement. */
export async function writeChangeAdmitted(db: TenantSql, admitted: AdmittedChange): Promise<void> {
  const { quota, project, event } = admitted;
  const { rows } = await sql`
    with project as (
      insert into projects (name, quota) values (${project}, ${JSON.stringify(quota)}::jsonb) on conflict do nothing
    ), runtime as (${runtimeOf(admitted)}),
    operation as (${operationOf(admitted)}),
    snapshot as (${snapshotsOf(admitted)}),
    intent as (${intentOf(admitted)}),
    decision as (${keepingPolicyDecisions({ ...admitted, moment: 'admission' })}),
    ${writingEvent(event, 'runtime')}`.execute(db);
  if (rows.length === 0)
    throw new Error(`Runtime ${admitted.runtimeId} went away while its change was admitted.`);
}

/** Writes the operation of a change that policy denied, and an event where the runtime exists. */
export async function writeChangeRejected(db: TenantSql, rejected: RejectedChange): Promise<void> {
  const { operationId, kind, requester, project, environment, policy, event } = rejected;
  const error = JSON.stringify({ code: 'policy_denied', message: policy.reason });
  await sql`
    with operation as (
      insert into operations (id, kind, stage, outcome, project, environment, runtime_id, requested_by, requester_id,
        on_behalf_of, message, error, workflow_id, run_id, admission, request, verdict, finished_at)
      values (${operationId}, ${kind}, 'finished', 'rejected', ${project}, ${environment}, ${rejected.runtimeId},
        ${requester.name}, ${requester.id}, ${requester.onBehalfOf?.id ?? null}, ${policy.reason}, ${error}::jsonb, ${rejected.workflowId}, ${rejected.runId},
        ${JSON.stringify(rejected.answer)}::jsonb, ${JSON.stringify(rejected.request)}::jsonb,
        ${JSON.stringify(policy)}::jsonb, now())
      returning runtime_id
    ), decision as (${keepingPolicyDecisions({ ...rejected, moment: 'admission' })}),
    ${writingEvent(event, 'operation')}`.execute(db);
}

function runtimeOf({
  runtimeId,
  operationId,
  create,
  project,
  environment,
  reservation,
  ...rest
}: AdmittedChange): RawBuilder<unknown> {
  const { cpuMilli, memoryMiB, pods } = reservation;
  const footprint = JSON.stringify(rest.footprint);
  if (create === undefined)
    return sql`
      update runtimes set operation_id = ${operationId}, updated_at = now(), asked_cpu_milli = ${cpuMilli}::int,
        asked_memory_mib = ${memoryMiB}::int, asked_pods = ${pods}::int,
        asked_footprint = ${footprint}::jsonb
      where id = ${runtimeId} returning id as runtime_id`;
  return sql`
    insert into runtimes (id, name, type, backend, pod_security, project, environment, labels, spec, phase,
      operation_id, asked_cpu_milli, asked_memory_mib, asked_pods, asked_footprint)
    values (${runtimeId}, ${create.name}, ${create.type}, ${create.backend}, ${create.podSecurity}, ${project},
      ${environment}, ${JSON.stringify(create.labels)}::jsonb, ${JSON.stringify(create.spec)}::jsonb, 'installing',
      ${operationId}, ${cpuMilli}::int, ${memoryMiB}::int, ${pods}::int, ${footprint}::jsonb)
    returning id as runtime_id`;
}

function operationOf(admitted: AdmittedChange) {
  const { operationId, kind, stage, project, environment, requester, event } = admitted;
  return sql`
    insert into operations (id, kind, stage, project, environment, runtime_id, requested_by, requester_id,
      on_behalf_of, message, workflow_id, run_id, admission, steps, request, verdict)
    select ${operationId}, ${kind}, ${stage}, ${project}, ${environment}, runtime_id, ${requester.name},
      ${requester.id}, ${requester.onBehalfOf?.id ?? null}, ${event.message}, ${admitted.workflowId},
      ${admitted.runId}, ${JSON.stringify(admitted.answer)}::jsonb, ${JSON.stringify(admitted.steps)}::jsonb,
      ${JSON.stringify(admitted.request)}::jsonb, ${JSON.stringify(admitted.policy)}::jsonb
    from runtime returning id`;
}

function snapshotsOf({ snapshots, operationId }: AdmittedChange) {
  const names = snapshots.map(({ id, name, description = null }) => ({ id, name, description }));
  return sql`
    insert into snapshots (id, runtime_id, name, description, status, operation_id)
    select s.id, runtime_id, s.name, s.description, 'creating', ${operationId}
    from runtime, jsonb_to_recordset(${JSON.stringify(names)}::jsonb) as s(id text, name text, description text)`;
}

function intentOf({ intent, operationId }: AdmittedChange) {
  return sql`
    insert into intents (id, runtime_id, operation_id, request, plan, verdicts, before)
    select ${intent?.id ?? null}, runtime_id, ${operationId}, ${JSON.stringify(intent?.request ?? {})}::jsonb,
      ${JSON.stringify(intent?.plan ?? {})}::jsonb, ${JSON.stringify(intent?.verdicts ?? [])}::jsonb,
      ${JSON.stringify(intent?.before ?? null)}::jsonb
    from runtime where ${intent !== undefined}::boolean`;
}
