import { type RawBuilder, sql } from 'kysely';
import type { Desired, SnapshotName, SnapshotRef } from '../domain/change.ts';
import type { ChangeAdmission, NewRuntime } from '../domain/change-operation.ts';
import type { Requester } from '../domain/deployment.ts';
import type { HealthStatus, RuntimeStatus } from '../domain/health.ts';
import type { OperationKind, OperationStep, Stage } from '../domain/operation.ts';
import type { Policy } from '../domain/policy.ts';
import type { Reservation } from '../domain/rules/quota.ts';
import type { Phase } from '../domain/rules/runtime-state.ts';
import type { PodSecurity } from '../domain/rules/slot.ts';
import type { Capability, RuntimeType } from '../domain/runtime.ts';
import type { Environment, SlotQuota } from '../domain/tenant.ts';
import { lockProject } from './admission.ts';
import { type NewEvent, writingEvent } from './events.ts';
import { OBSERVER_AGE, OBSERVER_NAME } from './health.ts';
import type { TenantSql } from './tables.ts';

/** Everything the admission of a change judges by, read in one statement. */
export interface ChangeFacts {
  /** The answer this operation was given before, if it was. */
  readonly answered: ChangeAdmission | null;
  readonly policies: readonly Policy[];
  readonly runtime: ChangedRuntime | null;
  readonly namesake: string | null;
  /** Adapters of the runtime's type; the first is taken where none is named. */
  readonly kinds: readonly KnownKind[];
  readonly snapshots: readonly KnownSnapshot[];
  readonly quota: SlotQuota | null;
  /** What the project's other runtimes hold or are about to hold. */
  readonly used: Reservation;
  /** `age`: seconds since the observer was last heard of; nothing when it never was. */
  readonly observed: {
    readonly age: number | null;
    readonly status: HealthStatus;
    readonly ready: number;
    readonly signals: RuntimeStatus['signals'];
  } | null;
}

export interface ChangedRuntime extends Desired {
  readonly name: string;
  readonly type: RuntimeType;
  readonly backend: string;
  readonly podSecurity: PodSecurity;
  readonly project: string;
  readonly environment: Environment;
  readonly labels: Readonly<Record<string, string>>;
  readonly phase: Phase;
  readonly version: number;
  readonly knownRevision: number;
  readonly verifiedOperationId: string | null;
}

export interface KnownKind {
  readonly name: string;
  readonly type: RuntimeType;
  readonly podSecurity: PodSecurity;
  readonly capabilities: readonly Capability[];
  readonly missing: readonly { readonly what: string; readonly install: string }[];
  readonly limits: Partial<Record<Capability, string>>;
}

export interface KnownSnapshot {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly ref: SnapshotRef | null;
}

export interface ChangeQuestion {
  readonly tenantId: string;
  readonly operationId: string;
  readonly runtimeId: string;
  readonly create?: Pick<NewRuntime, 'name' | 'project' | 'type'> | undefined;
}

/** Reads what admission judges by, one admission per project at a time. */
export async function readChangeFacts(db: TenantSql, question: ChangeQuestion): Promise<ChangeFacts> {
  const [, facts] = await Promise.all([lockProject(db, question), readFacts(db, question)]);
  return facts;
}

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

async function readFacts(
  db: TenantSql,
  { operationId, runtimeId, create }: ChangeQuestion,
): Promise<ChangeFacts> {
  const { rows } = await sql<ChangeFacts>`
    with wanted as (
      select coalesce((select project from runtimes where id = ${runtimeId}), ${create?.project ?? null}) as project,
        coalesce((select type from runtimes where id = ${runtimeId}), ${create?.type ?? null}) as type
    )
    select
      (select admission from operations where id = ${operationId}) as answered,
      coalesce((select jsonb_agg(jsonb_build_object('id', id, 'name', name, 'scope_env', scope_env, 'rules', rules)
        order by position) from policies), '[]') as policies,
      (select jsonb_build_object('name', name, 'type', type, 'backend', backend, 'podSecurity', pod_security,
        'project', project, 'environment', environment, 'labels', labels, 'spec', spec, 'power', power,
        'phase', phase, 'version', version, 'knownRevision', known_revision,
        'verifiedOperationId', verified_operation_id)
        from runtimes where id = ${runtimeId}) as runtime,
      (select id from runtimes where project = wanted.project and name = ${create?.name ?? null}
        and phase <> 'deleted') as namesake,
      coalesce((select jsonb_agg(jsonb_build_object('name', name, 'type', type, 'podSecurity', pod_security,
        'capabilities', capabilities, 'missing', missing, 'limits', limits) order by position, name)
        from runtime_kinds where type = wanted.type), '[]') as kinds,
      coalesce((select jsonb_agg(jsonb_build_object('id', id, 'name', name, 'status', status, 'ref', ref))
        from snapshots where runtime_id = ${runtimeId}), '[]') as snapshots,
      (select quota from projects where name = wanted.project) as quota,
      (select jsonb_build_object(
        'cpuMilli', coalesce(sum(greatest(r.cpu_milli, r.asked_cpu_milli)), 0),
        'memoryMiB', coalesce(sum(greatest(r.memory_mib, r.asked_memory_mib)), 0),
        'pods', coalesce(sum(greatest(r.pods, r.asked_pods)), 0))
        from runtimes r where r.project = wanted.project and r.id <> ${runtimeId}) as used,
      (select jsonb_build_object('age', ${OBSERVER_AGE}, 'status', status, 'ready', ready_pods, 'signals', signals)
        from runtime_health left join observer_heartbeats b on b.name = ${OBSERVER_NAME}
        where runtime_id = ${runtimeId}) as observed
    from wanted`.execute(db);
  const [facts] = rows;
  if (facts === undefined) throw new Error('PostgreSQL gave no answer to the admission question.');
  return facts;
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
