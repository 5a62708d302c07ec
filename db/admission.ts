import { sql } from 'kysely';
import type { AgentConfig } from '../domain/agent-config.ts';
import type { Admission, Requester, Verification } from '../domain/deployment.ts';
import type { Stage } from '../domain/operation.ts';
import type { Policy, PolicyVerdict } from '../domain/policy.ts';
import type { Reservation } from '../domain/rules/quota.ts';
import type { Phase } from '../domain/rules/runtime-state.ts';
import type { Hold } from '../domain/runtime.ts';
import type { Environment, SlotQuota } from '../domain/tenant.ts';
import { type NewEvent, writingEvent } from './events.ts';
import type { TenantSql } from './tables.ts';

/** Everything admission judges by, read in one statement. */
export interface AdmissionFacts {
  /** The answer this operation was given before, if it was. */
  readonly answered: Admission | null;
  readonly policies: readonly Policy[];
  readonly runtime: KnownRuntime | null;
  /** The runtime that has the wanted name in the wanted project. */
  readonly namesake: string | null;
  readonly quota: SlotQuota | null;
  /** What the project's other runtimes hold or are about to hold. */
  readonly used: Reservation;
}

export interface KnownRuntime {
  readonly name: string;
  readonly project: string;
  readonly environment: Environment;
  readonly phase: Phase;
  readonly version: number;
  readonly hold: Hold | null;
  readonly knownRevision: number;
  readonly verifiedRevision: number | null;
  readonly verifiedOperationId: string | null;
  readonly verifiedDeploymentId: string | null;
}

export interface AdmissionQuestion {
  readonly tenantId: string;
  readonly operationId: string;
  readonly runtimeId: string;
  readonly create?: { readonly name: string; readonly project: string } | undefined;
}

/**
 * Reads what admission judges by, after taking a lock that lets one admission per project through at a time: two that
 * fit the quota alone might not fit together. Both statements travel together with the transaction's begin.
 */
export async function readAdmissionFacts(
  db: TenantSql,
  question: AdmissionQuestion,
): Promise<AdmissionFacts> {
  const [, facts] = await Promise.all([lockProject(db, question), readFacts(db, question)]);
  return facts;
}

/** What is written when a deploy is admitted. */
export interface AdmittedDeployment {
  readonly operationId: string;
  readonly deploymentId: string;
  readonly runtimeId: string;
  readonly requester: Requester;
  readonly project: string;
  readonly environment: Environment;
  /** Present when the runtime is made by this deploy. */
  readonly create?: { readonly name: string; readonly labels: Readonly<Record<string, string>> } | undefined;
  readonly agent: AgentConfig;
  readonly verification: Verification;
  readonly comment?: string | undefined;
  readonly workflowId: string;
  readonly runId: string;
  readonly stage: Stage;
  readonly waitsFor?: string | undefined;
  readonly quota: SlotQuota;
  readonly reservation: Reservation;
  readonly policy: PolicyVerdict;
  readonly approval?:
    | { readonly id: string; readonly quorum: number; readonly expiresInSeconds: number }
    | undefined;
  readonly answer: Admission;
  readonly event: NewEvent;
}

/** Writes project, runtime, deployment, operation, approval and first event in one statement. */
export async function writeAdmitted(db: TenantSql, admitted: AdmittedDeployment): Promise<void> {
  const { quota, project, event } = admitted;
  const { rows } = await sql`
    with project as (
      insert into projects (name, quota) values (${project}, ${JSON.stringify(quota)}::jsonb) on conflict do nothing
    ), runtime as (${runtimeOf(admitted)}),
    deployment as (${deploymentOf(admitted)}),
    operation as (${operationOf(admitted)}),
    approval as (${approvalOf(admitted)}),
    ${writingEvent(event, 'runtime')}`.execute(db);
  if (rows.length === 0)
    throw new Error(`Runtime ${admitted.runtimeId} went away while its deploy was admitted.`);
}

/** Writes the operation of a deploy that policy denied, and an event where the runtime exists. */
export async function writeRejected(
  db: TenantSql,
  rejected: Pick<
    AdmittedDeployment,
    'operationId' | 'requester' | 'project' | 'environment' | 'workflowId' | 'runId' | 'event'
  > & { readonly runtimeId: string | null; readonly reason: string; readonly answer: Admission },
): Promise<void> {
  const { operationId, requester, project, environment, workflowId, runId, event } = rejected;
  const error = JSON.stringify({ code: 'policy_denied', message: rejected.reason });
  await sql`
    with operation as (
      insert into operations (id, kind, stage, outcome, project, environment, runtime_id, requested_by, requester_id,
        message, error, workflow_id, run_id, admission, finished_at)
      values (${operationId}, 'deploy', 'finished', 'rejected', ${project}, ${environment}, ${rejected.runtimeId},
        ${requester.name}, ${requester.id}, ${rejected.reason}, ${error}::jsonb, ${workflowId}, ${runId},
        ${JSON.stringify(rejected.answer)}::jsonb, now())
      returning runtime_id
    ), ${writingEvent(event, 'operation')}`.execute(db);
}

/** Lets one admission per project through at a time. */
export function lockProject(
  db: TenantSql,
  { tenantId, runtimeId, create }: Pick<AdmissionQuestion, 'tenantId' | 'runtimeId' | 'create'>,
) {
  return sql`
    select pg_advisory_xact_lock(hashtext('admission'), hashtext(${tenantId} || '/' || coalesce(
      (select project from runtimes where id = ${runtimeId}), ${create?.project ?? ''})))::text`.execute(db);
}

async function readFacts(db: TenantSql, question: AdmissionQuestion): Promise<AdmissionFacts> {
  const { operationId, runtimeId, create } = question;
  const { rows } = await sql<AdmissionFacts>`
    with wanted as (
      select coalesce((select project from runtimes where id = ${runtimeId}), ${create?.project ?? null}) as project
    )
    select
      (select admission from operations where id = ${operationId}) as answered,
      coalesce((select jsonb_agg(jsonb_build_object('id', id, 'name', name, 'scope_env', scope_env, 'rules', rules)
        order by position)
        from policies), '[]') as policies,
      (select jsonb_build_object('name', name, 'project', project, 'environment', environment, 'phase', phase,
        'version', version, 'hold', hold, 'knownRevision', known_revision, 'verifiedRevision', verified_revision,
        'verifiedOperationId', verified_operation_id, 'verifiedDeploymentId', verified_deployment_id)
        from runtimes where id = ${runtimeId}) as runtime,
      (select id from runtimes where project = wanted.project and name = ${create?.name ?? null}
        and phase <> 'deleted') as namesake,
      (select quota from projects where name = wanted.project) as quota,
      (select jsonb_build_object(
        'cpuMilli', coalesce(sum(greatest(r.cpu_milli, r.asked_cpu_milli)), 0),
        'memoryMiB', coalesce(sum(greatest(r.memory_mib, r.asked_memory_mib)), 0),
        'pods', coalesce(sum(greatest(r.pods, r.asked_pods)), 0))
        from runtimes r where r.project = wanted.project and r.id <> ${runtimeId}) as used
    from wanted`.execute(db);
  const [facts] = rows;
  if (facts === undefined) throw new Error('PostgreSQL gave no answer to the admission question.');
  return facts;
}

function runtimeOf(admitted: AdmittedDeployment) {
  const { runtimeId, operationId, create, project, environment, agent, reservation } = admitted;
  const { cpuMilli, memoryMiB, pods } = reservation;
  if (create === undefined) {
    return sql`
      update runtimes set operation_id = ${operationId}, updated_at = now(), asked_cpu_milli = ${cpuMilli}::int,
        asked_memory_mib = ${memoryMiB}::int, asked_pods = ${pods}::int
      where id = ${runtimeId} returning id as runtime_id`;
  }
  return sql`
    insert into runtimes (id, name, project, environment, labels, spec, phase, operation_id, asked_cpu_milli,
      asked_memory_mib, asked_pods)
    values (${runtimeId}, ${create.name}, ${project}, ${environment}, ${JSON.stringify(create.labels)}::jsonb,
      ${JSON.stringify({ agent })}::jsonb, 'installing', ${operationId}, ${cpuMilli}::int, ${memoryMiB}::int,
      ${pods}::int)
    returning id as runtime_id`;
}

function deploymentOf(admitted: AdmittedDeployment) {
  const { deploymentId, operationId, stage, agent, verification, policy, reservation, requester } = admitted;
  const { answer, policy: name, reason } = policy;
  return sql`
    insert into deployments (id, runtime_id, operation_id, stage, agent, verification, policy, cpu_milli, memory_mib,
      pods, requested_by, requester_id, requester_kind, comment)
    select ${deploymentId}, runtime_id, ${operationId}, ${stage}, ${JSON.stringify(agent)}::jsonb,
      ${JSON.stringify(verification)}::jsonb, ${JSON.stringify({ answer, policy: name, reason })}::jsonb,
      ${reservation.cpuMilli}::int, ${reservation.memoryMiB}::int, ${reservation.pods}::int,
      ${requester.name}, ${requester.id}, ${requester.kind}, ${admitted.comment ?? null}
    from runtime`;
}

function operationOf(admitted: AdmittedDeployment) {
  const { operationId, stage, project, environment, deploymentId, approval, requester } = admitted;
  return sql`
    insert into operations (id, kind, stage, project, environment, runtime_id, deployment_id, approval_id,
      requested_by, requester_id, waits_for, message, workflow_id, run_id, admission)
    select ${operationId}, 'deploy', ${stage}, ${project}, ${environment}, runtime_id, ${deploymentId},
      ${approval?.id ?? null}, ${requester.name}, ${requester.id}, ${admitted.waitsFor ?? null},
      ${admitted.event.message}, ${admitted.workflowId}, ${admitted.runId}, ${JSON.stringify(admitted.answer)}::jsonb
    from runtime`;
}

function approvalOf({ approval, operationId, deploymentId, requester, policy }: AdmittedDeployment) {
  return sql`
    insert into approvals (id, operation_id, runtime_id, deployment_id, status, reason, quorum, requested_by,
      requester_id, expires_at)
    select ${approval?.id ?? null}, ${operationId}, runtime_id, ${deploymentId}, 'open', ${policy.reason},
      ${approval?.quorum ?? null}::int, ${requester.name}, ${requester.id},
      now() + make_interval(secs => ${approval?.expiresInSeconds ?? null}::float8)
    from runtime where ${approval !== undefined}::boolean`;
}
