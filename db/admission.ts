import { sql } from 'kysely';
import type { AgentConfig } from '../domain/agent-config.ts';
import type { Admission, Verification } from '../domain/deployment.ts';
import type { HealthStatus } from '../domain/health.ts';
import type { Holding } from '../domain/holding.ts';
import type { Stage } from '../domain/operation.ts';
import type { Footprint, Policy, PolicyVerdict } from '../domain/policy.ts';
import type { Requester } from '../domain/requester.ts';
import type { Reservation } from '../domain/rules/quota.ts';
import type { Phase } from '../domain/rules/runtime-state.ts';
import type { Hold, RuntimeSpec } from '../domain/runtime.ts';
import type { Environment, SlotQuota } from '../domain/tenant.ts';
import { type NewEvent, writingEvent } from './events.ts';
import { holdingsBeside } from './holdings.ts';
import { POLICIES_IN_FORCE } from './policies.ts';
import { keepingPolicyDecisions, type PolicyDecision } from './policy-decisions.ts';
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
  /** What all other runtimes of the tenant hold, where a policy looks at costs. */
  readonly holdings: readonly Holding[];
}

export interface KnownRuntime {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: RuntimeSpec;
  /** As it was seen last. */
  readonly health: HealthStatus | null;
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
 * Reads what admission judges by, after taking a lock that lets one admission per tenant through at a time: two that
 * fit the quota or the budget alone might not fit together. Both statements travel together with the transaction's begin.
 */
export async function readAdmissionFacts(
  db: TenantSql,
  question: AdmissionQuestion,
): Promise<AdmissionFacts> {
  const [, facts] = await Promise.all([lockAdmissions(db, question), readFacts(db, question)]);
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
  readonly quota: SlotQuota;
  readonly reservation: Reservation;
  readonly footprint: Footprint;
  readonly policy: PolicyVerdict;
  readonly decision: PolicyDecision;
  readonly policies: readonly Policy[];
  readonly answer: Admission;
  readonly event: NewEvent;
}

/** Writes project, runtime, deployment, operation, the policies’ decision and first event in one statement. */
export async function writeAdmitted(db: TenantSql, admitted: AdmittedDeployment): Promise<void> {
  const { quota, project, event } = admitted;
  const { rows } = await sql`
    with project as (
      insert into projects (name, quota) values (${project}, ${JSON.stringify(quota)}::jsonb) on conflict do nothing
    ), runtime as (${runtimeOf(admitted)}),
    deployment as (${deploymentOf(admitted)}),
    operation as (${operationOf(admitted)}),
    decision as (${keepingPolicyDecisions({ ...admitted, moment: 'admission', decisions: [admitted.decision] })}),
    ${writingEvent(event, 'runtime')}`.execute(db);
  if (rows.length === 0)
    throw new Error(`Runtime ${admitted.runtimeId} went away while its deploy was admitted.`);
}

/** Writes the operation of a deploy that policy denied, and an event where the runtime exists. */
export async function writeRejected(
  db: TenantSql,
  rejected: Pick<
    AdmittedDeployment,
    | 'operationId'
    | 'requester'
    | 'project'
    | 'environment'
    | 'workflowId'
    | 'runId'
    | 'event'
    | 'policy'
    | 'decision'
    | 'policies'
  > & { readonly runtimeId: string | null; readonly answer: Admission },
): Promise<void> {
  const { operationId, requester, project, environment, workflowId, runId, event, policy } = rejected;
  const error = JSON.stringify({ code: 'policy_denied', message: policy.reason });
  await sql`
    with operation as (
      insert into operations (id, kind, stage, outcome, project, environment, runtime_id, requested_by, requester_id,
        message, error, workflow_id, run_id, admission, verdict, on_behalf_of, finished_at)
      values (${operationId}, 'deploy', 'finished', 'rejected', ${project}, ${environment}, ${rejected.runtimeId},
        ${requester.name}, ${requester.id}, ${policy.reason}, ${error}::jsonb, ${workflowId}, ${runId},
        ${JSON.stringify(rejected.answer)}::jsonb, ${JSON.stringify(policy)}::jsonb,
        ${requester.onBehalfOf?.id ?? null}, now())
      returning runtime_id
    ), decision as (${keepingPolicyDecisions({ ...rejected, moment: 'admission', decisions: [rejected.decision] })}),
    ${writingEvent(event, 'operation')}`.execute(db);
}

/** Lets one admission per tenant through at a time. */
export function lockAdmissions(db: TenantSql, { tenantId }: Pick<AdmissionQuestion, 'tenantId'>) {
  return sql`
    select pg_advisory_xact_lock(hashtext('admission'), hashtext(${tenantId}))::text`.execute(db);
}

async function readFacts(db: TenantSql, question: AdmissionQuestion): Promise<AdmissionFacts> {
  const { operationId, runtimeId, create } = question;
  const { rows } = await sql<AdmissionFacts>`
    with wanted as (
      select coalesce((select project from runtimes where id = ${runtimeId}), ${create?.project ?? null}) as project
    )
    select
      (select admission from operations where id = ${operationId}) as answered,
      ${POLICIES_IN_FORCE} as policies,
      (select jsonb_build_object('name', name, 'labels', labels, 'spec', spec,
        'health', (select status from runtime_health where runtime_id = ${runtimeId}),
        'project', project, 'environment', environment, 'phase', phase,
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
        from runtimes r where r.project = wanted.project and r.id <> ${runtimeId}) as used,
      ${holdingsBeside(runtimeId)} as holdings
    from wanted`.execute(db);
  const [facts] = rows;
  if (facts === undefined) throw new Error('PostgreSQL gave no answer to the admission question.');
  return facts;
}

function runtimeOf(admitted: AdmittedDeployment) {
  const { runtimeId, operationId, create, project, environment, agent, reservation } = admitted;
  const { cpuMilli, memoryMiB, pods } = reservation;
  const footprint = JSON.stringify(admitted.footprint);
  if (create === undefined) {
    return sql`
      update runtimes set operation_id = ${operationId}, updated_at = now(), asked_cpu_milli = ${cpuMilli}::int,
        asked_memory_mib = ${memoryMiB}::int, asked_pods = ${pods}::int,
        asked_footprint = ${footprint}::jsonb
      where id = ${runtimeId} returning id as runtime_id`;
  }
  return sql`
    insert into runtimes (id, name, project, environment, labels, spec, phase, operation_id, asked_cpu_milli,
      asked_memory_mib, asked_pods, asked_footprint)
    values (${runtimeId}, ${create.name}, ${project}, ${environment}, ${JSON.stringify(create.labels)}::jsonb,
      ${JSON.stringify({ agent })}::jsonb, 'installing', ${operationId}, ${cpuMilli}::int, ${memoryMiB}::int,
      ${pods}::int, ${footprint}::jsonb)
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
  const { operationId, stage, project, environment, deploymentId, requester, policy } = admitted;
  return sql`
    insert into operations (id, kind, stage, project, environment, runtime_id, deployment_id, requested_by,
      requester_id, on_behalf_of, message, workflow_id, run_id, admission, verdict)
    select ${operationId}, 'deploy', ${stage}, ${project}, ${environment}, runtime_id, ${deploymentId},
      ${requester.name}, ${requester.id}, ${requester.onBehalfOf?.id ?? null}, ${admitted.event.message},
      ${admitted.workflowId}, ${admitted.runId}, ${JSON.stringify(admitted.answer)}::jsonb,
      ${JSON.stringify(policy)}::jsonb
    from runtime`;
}
