import { sql } from 'kysely';
import type { Desired, SnapshotRef } from '../domain/change.ts';
import type { ChangeAdmission, NewRuntime } from '../domain/change-operation.ts';
import type { HealthStatus, RuntimeStatus } from '../domain/health.ts';
import type { Holding } from '../domain/holding.ts';
import type { Policy } from '../domain/policy.ts';
import type { Reservation } from '../domain/rules/quota.ts';
import type { Phase } from '../domain/rules/runtime-state.ts';
import type { PodSecurity } from '../domain/rules/slot.ts';
import type { Capability, RuntimeType } from '../domain/runtime.ts';
import type { Environment, SlotQuota } from '../domain/tenant.ts';
import { lockAdmissions } from './admission.ts';
import { OBSERVER_AGE, OBSERVER_NAME } from './health.ts';
import { holdingsBeside } from './holdings.ts';
import { POLICIES_IN_FORCE } from './policies.ts';
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
  /** What all other runtimes of the tenant hold, where a policy looks at costs. */
  readonly holdings: readonly Holding[];
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

/** Reads what admission judges by, one admission per tenant at a time. */
export async function readChangeFacts(db: TenantSql, question: ChangeQuestion): Promise<ChangeFacts> {
  const [, facts] = await Promise.all([lockAdmissions(db, question), readFacts(db, question)]);
  return facts;
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
      ${POLICIES_IN_FORCE} as policies,
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
      ${holdingsBeside(runtimeId)} as holdings,
      (select jsonb_build_object('age', ${OBSERVER_AGE}, 'status', status, 'ready', ready_pods, 'signals', signals)
        from runtime_health left join observer_heartbeats b on b.name = ${OBSERVER_NAME}
        where runtime_id = ${runtimeId}) as observed
    from wanted`.execute(db);
  const [facts] = rows;
  if (facts === undefined) throw new Error('PostgreSQL gave no answer to the admission question.');
  return facts;
}
