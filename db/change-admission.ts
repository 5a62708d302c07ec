import { type RawBuilder, sql } from 'kysely';
import type { SnapshotName } from '../domain/change.ts';
import type { ChangeAdmission, NewRuntime } from '../domain/change-operation.ts';
import type { Requester } from '../domain/deployment.ts';
import type { OperationKind, OperationStep, Stage } from '../domain/operation.ts';
import type { Reservation } from '../domain/rules/quota.ts';
import type { PodSecurity } from '../domain/rules/slot.ts';
import type { Environment, SlotQuota } from '../domain/tenant.ts';
import { type NewEvent, writingEvent } from './events.ts';
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
  readonly waitsFor?: string | undefined;
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
  readonly approval?:
    | { readonly id: string; readonly quorum: number; readonly expiresInSeconds: number }
    | undefined;
  readonly reason: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly answer: ChangeAdmission;
  readonly event: NewEvent;
}

/** What is written when policy denied a change. */
export type RejectedChange = Omit<
  AdmittedChange,
  'steps' | 'stage' | 'quota' | 'reservation' | 'snapshots' | 'runtimeId'
> & { readonly runtimeId: string | null };

/** Writes project, runtime, operation, snapshots, intent, approval and first event in one statement. */
export async function writeChangeAdmitted(db: TenantSql, admitted: AdmittedChange): Promise<void> {
  const { quota, project, event } = admitted;
  const { rows } = await sql`
    with project as (
      insert into projects (name, quota) values (${project}, ${JSON.stringify(quota)}::jsonb) on conflict do nothing
    ), runtime as (${runtimeOf(admitted)}),
    operation as (${operationOf(admitted)}),
    snapshot as (${snapshotsOf(admitted)}),
    intent as (${intentOf(admitted)}),
    approval as (${approvalOf(admitted)}),
    ${writingEvent(event, 'runtime')}`.execute(db);
  if (rows.length === 0)
    throw new Error(`Runtime ${admitted.runtimeId} went away while its change was admitted.`);
}

/** Writes the operation of a change that policy denied, and an event where the runtime exists. */
export async function writeChangeRejected(db: TenantSql, rejected: RejectedChange): Promise<void> {
  const { operationId, kind, requester, project, environment, reason, event } = rejected;
  const error = JSON.stringify({ code: 'policy_denied', message: reason });
  await sql`
    with operation as (
      insert into operations (id, kind, stage, outcome, project, environment, runtime_id, requested_by, requester_id,
        message, error, workflow_id, run_id, admission, request, finished_at)
      values (${operationId}, ${kind}, 'finished', 'rejected', ${project}, ${environment}, ${rejected.runtimeId},
        ${requester.name}, ${requester.id}, ${reason}, ${error}::jsonb, ${rejected.workflowId}, ${rejected.runId},
        ${JSON.stringify(rejected.answer)}::jsonb, ${JSON.stringify(rejected.request)}::jsonb, now())
      returning runtime_id
    ), ${writingEvent(event, 'operation')}`.execute(db);
}

function runtimeOf({
  runtimeId,
  operationId,
  create,
  project,
  environment,
  reservation,
}: AdmittedChange): RawBuilder<unknown> {
  const { cpuMilli, memoryMiB, pods } = reservation;
  if (create === undefined)
    return sql`
      update runtimes set operation_id = ${operationId}, updated_at = now(), asked_cpu_milli = ${cpuMilli}::int,
        asked_memory_mib = ${memoryMiB}::int, asked_pods = ${pods}::int
      where id = ${runtimeId} returning id as runtime_id`;
  return sql`
    insert into runtimes (id, name, type, backend, pod_security, project, environment, labels, spec, phase,
      operation_id, asked_cpu_milli, asked_memory_mib, asked_pods)
    values (${runtimeId}, ${create.name}, ${create.type}, ${create.backend}, ${create.podSecurity}, ${project},
      ${environment}, ${JSON.stringify(create.labels)}::jsonb, ${JSON.stringify(create.spec)}::jsonb, 'installing',
      ${operationId}, ${cpuMilli}::int, ${memoryMiB}::int, ${pods}::int)
    returning id as runtime_id`;
}

function operationOf(admitted: AdmittedChange) {
  const { operationId, kind, stage, project, environment, approval, requester, event } = admitted;
  return sql`
    insert into operations (id, kind, stage, project, environment, runtime_id, approval_id, requested_by,
      requester_id, waits_for, message, workflow_id, run_id, admission, steps, request)
    select ${operationId}, ${kind}, ${stage}, ${project}, ${environment}, runtime_id, ${approval?.id ?? null},
      ${requester.name}, ${requester.id}, ${admitted.waitsFor ?? null}, ${event.message}, ${admitted.workflowId},
      ${admitted.runId}, ${JSON.stringify(admitted.answer)}::jsonb, ${JSON.stringify(admitted.steps)}::jsonb,
      ${JSON.stringify(admitted.request)}::jsonb
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

function approvalOf({ approval, operationId, requester, reason }: AdmittedChange) {
  return sql`
    insert into approvals (id, operation_id, runtime_id, status, reason, quorum, requested_by, requester_id, expires_at)
    select ${approval?.id ?? null}, ${operationId}, runtime_id, 'open', ${reason},
      ${approval?.quorum ?? null}::int, ${requester.name}, ${requester.id},
      now() + make_interval(secs => ${approval?.expiresInSeconds ?? null}::float8)
    from runtime where ${approval !== undefined}::boolean`;
}
