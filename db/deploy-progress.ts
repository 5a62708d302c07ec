import { sql } from 'kysely';
import type { ClosedApproval, Decision } from '../domain/approval.ts';
import type { RolloutReport } from '../domain/deployment.ts';
import type { Leaves, OperationError, OperationStep, Outcome, Stage } from '../domain/operation.ts';
import type { Requester } from '../domain/requester.ts';
import type { Phase } from '../domain/rules/runtime-state.ts';
import type { Hold } from '../domain/runtime.ts';
import { type NewEvent, writingEvent } from './events.ts';
import type { TenantSql } from './tables.ts';

/** One step of an operation. The event carries operation and step, by which a repeated record is recognised. */
export interface StepRecord {
  readonly operationId: string;
  readonly step: number;
  readonly event: NewEvent;
}

type PhaseAfter = Readonly<Record<Phase, Phase>>;

export interface StageChange extends StepRecord {
  readonly stage: Stage;
  readonly waitsFor?: string | undefined;
  readonly phases: PhaseAfter;
  readonly baseRevision?: number | undefined;
  readonly revision?: number | undefined;
  readonly verdict?: RolloutReport | undefined;
  readonly approvalStatus?: ClosedApproval | undefined;
  /** Of a change: how far its steps are. */
  readonly steps?: readonly OperationStep[] | undefined;
}

export interface DecisionTaken extends StepRecord {
  readonly approvalId: string;
  readonly by: Requester;
  readonly inPlaceOf?: Requester | undefined;
  readonly decision: Decision['decision'];
  readonly comment?: string | undefined;
  readonly decidedAt: string;
}

export interface DecisionWithdrawn extends StepRecord {
  readonly approvalId: string;
  /** The principal whose decision it was. */
  readonly decidedBy: string;
}

export interface OutcomeReached extends StepRecord {
  readonly outcome: Outcome;
  readonly phases: PhaseAfter;
  readonly leaves: Leaves;
  readonly error?: OperationError | undefined;
  readonly revision?: number | undefined;
  readonly restoredRevision?: number | undefined;
  readonly verdict?: RolloutReport | undefined;
  readonly verified?: boolean | undefined;
  readonly hold?: Hold | undefined;
  readonly approvalStatus?: ClosedApproval | undefined;
}

/** `written`, or why not: the step was written before, the operation has ended already, or there is none. */
export type StepAnswer = 'written' | 'repeated' | 'ended' | 'unknown';

/** Writes the stage an operation entered, with deployment, runtime, approval and event; one statement. */
export async function writeStage(db: TenantSql, change: StageChange): Promise<StepAnswer> {
  const { stage, phases, event } = change;
  const { rows } = await sql`
    with operation as (${openOperation(change)}),
    staged as (
      update operations o set stage = ${stage}, stage_since = now(), message = ${event.message}, waits_for = ${change.waitsFor ?? null},
        steps = coalesce(${json(change.steps)}::jsonb, o.steps)
      from operation where o.id = operation.id
    ), deployment as (
      update deployments d set stage = ${stage},
        base_revision = coalesce(${change.baseRevision ?? null}::int, d.base_revision),
        revision = coalesce(${change.revision ?? null}::int, d.revision),
        verdict = coalesce(${json(change.verdict)}::jsonb, d.verdict)
      from operation where d.id = operation.deployment_id
    ), runtime as (
      update runtimes r set phase = ${JSON.stringify(phases)}::jsonb ->> r.phase, updated_at = now(),
        known_revision = greatest(r.known_revision, ${change.revision ?? null}::int)
      from operation where r.id = operation.runtime_id
    ), approval as (${closingApproval(change)}),
    ${writingEvent(event, 'operation')}`.execute(db);
  return rows.length > 0 ? 'written' : whyNot(db, change);
}

/** Writes a person's answer to an approval, with its event; one statement. */
export async function writeDecision(db: TenantSql, taken: DecisionTaken): Promise<StepAnswer> {
  const { by, inPlaceOf, approvalId } = taken;
  const { rows } = await sql`
    with operation as (${openOperation(taken)}),
    decision as (
      insert into approval_decisions as d (approval_id, principal_id, decided_by, decision, comment, decided_at,
        person_id, for_id, for_name, acr)
      select approval_id, ${by.id}, ${by.name}, ${taken.decision}, ${taken.comment ?? null},
        ${taken.decidedAt}::timestamptz, ${by.personId ?? by.id}, ${inPlaceOf?.id ?? null},
        ${inPlaceOf?.name ?? null}, ${by.acr ?? null}
      from operation where approval_id = ${approvalId}
      on conflict (tenant_id, approval_id, principal_id) do update set decision = excluded.decision,
        comment = excluded.comment, decided_at = excluded.decided_at, for_id = excluded.for_id,
        for_name = excluded.for_name, acr = excluded.acr, withdrawn_at = null
      where d.withdrawn_at is not null
      returning approval_id
    ), decided as (
      select runtime_id from operation where exists (select from decision)
    ), ${writingEvent(taken.event, 'decided')}`.execute(db);
  return rows.length > 0 ? 'written' : whyNot(db, taken);
}

/** Writes that somebody took their decision back, with its event; one statement. */
export async function writeWithdrawal(db: TenantSql, withdrawn: DecisionWithdrawn): Promise<StepAnswer> {
  const { rows } = await sql`
    with operation as (${openOperation(withdrawn)}),
    decision as (
      update approval_decisions d set withdrawn_at = now() from operation
      where d.approval_id = ${withdrawn.approvalId} and d.principal_id = ${withdrawn.decidedBy}
    ), ${writingEvent(withdrawn.event, 'operation')}`.execute(db);
  return rows.length > 0 ? 'written' : whyNot(db, withdrawn);
}

/** Writes an event of an operation that has not ended, and nothing else; one statement. */
export async function writeNote(db: TenantSql, note: StepRecord): Promise<StepAnswer> {
  const { rows } = await sql`
    with operation as (${openOperation(note)}), ${writingEvent(note.event, 'operation')}`.execute(db);
  return rows.length > 0 ? 'written' : whyNot(db, note);
}

/**
 * Writes how an operation ended and what that means for the runtime: what runs in it now, what a rollback goes back to,
 * what it holds of the quota; one statement. The revision a rollback made has the verified revision's content, so it
 * takes its place: Helm forgets old revisions.
 */
export async function writeOutcome(db: TenantSql, reached: OutcomeReached): Promise<StepAnswer> {
  const { rows } = await sql`
    with operation as (${openOperation(reached)}),
    ended as (
      update operations o set stage = 'finished', outcome = ${reached.outcome}, message = ${reached.event.message},
        waits_for = null, error = ${json(reached.error)}::jsonb, finished_at = now()
      from operation where o.id = operation.id
    ), deployment as (
      update deployments d set stage = 'finished', outcome = ${reached.outcome}, finished_at = now(),
        revision = coalesce(${reached.revision ?? null}::int, d.revision),
        restored_revision = ${reached.restoredRevision ?? null}::int,
        verdict = coalesce(${json(reached.verdict)}::jsonb, d.verdict),
        verified = ${isVerified(reached)}::boolean, error = ${json(reached.error)}::jsonb
      from operation where d.id = operation.deployment_id
      returning d.id, d.operation_id, d.runtime_id, d.revision, d.agent, d.cpu_milli, d.memory_mib, d.pods
    ), runs as (${nowRuns(reached)}),
    runtime as (${runtimeAfter(reached)}),
    approval as (${closingApproval(reached)}),
    ${writingEvent(reached.event, 'operation')}`.execute(db);
  return rows.length > 0 ? 'written' : whyNot(db, reached);
}

/**
 * The open operation of a step that is not written yet. The row lock makes a concurrent repeat wait; the unique key of
 * events(operation, step) then refuses it.
 */
export function openOperation({ operationId, step }: Pick<StepRecord, 'operationId' | 'step'>) {
  return sql`
    select o.id, o.runtime_id, o.deployment_id, o.approval_id, o.project, o.environment, o.workflow_id, o.verdict
    from operations o
    where o.id = ${operationId} and o.outcome is null
      and not exists (select from events e where e.operation_id = ${operationId} and e.step = ${step}::int)
    for update of o`;
}

/** Closes the operation's approval together with what else is written. */
export function closingApproval({ approvalStatus }: { approvalStatus?: ClosedApproval | undefined }) {
  return sql`
    update approvals a set status = ${approvalStatus ?? null}, closed_at = now()
    from operation where a.id = operation.approval_id and a.status = 'open'
      and ${approvalStatus !== undefined}::boolean`;
}

// What the cluster runs now, if this outcome changed it: the new version, or the verified one a rollback brought back,
// which is that of a deploy or what a later change, e.g. a scale, has made of it.
function nowRuns({ leaves, restoredRevision }: OutcomeReached) {
  const spec = sql`jsonb_build_object('agent', d.agent)`;
  const power = sql`case when (d.agent ->> 'replicas')::int = 0 then 'stopped' else 'running' end`;
  if (leaves === 'new')
    return sql`select ${spec} as spec, ${power} as power, d.cpu_milli, d.memory_mib, d.pods from deployment d`;
  return sql`
    select coalesce(v.state -> 'spec', ${spec}) as spec, coalesce(v.state ->> 'power', ${power}) as power,
      coalesce((v.state ->> 'cpuMilli')::int, d.cpu_milli) as cpu_milli,
      coalesce((v.state ->> 'memoryMiB')::int, d.memory_mib) as memory_mib,
      coalesce((v.state ->> 'pods')::int, d.pods) as pods
    from (select r.verified_state as state, r.verified_deployment_id as id
      from runtimes r join operation on r.id = operation.runtime_id) v
    join deployments d on d.id = v.id
    where ${leaves === 'previous' && restoredRevision !== undefined}::boolean`;
}

function runtimeAfter(reached: OutcomeReached) {
  const { phases, leaves, restoredRevision = null } = reached;
  const verified = isVerified(reached);
  const held = (column: 'cpu_milli' | 'memory_mib' | 'pods') =>
    leaves === 'nothing'
      ? sql`0`
      : sql`coalesce((select ${sql.ref(column)} from runs), r.${sql.ref(column)})`;
  return sql`
    update runtimes r set phase = ${JSON.stringify(phases)}::jsonb ->> r.phase, updated_at = now(),
      version = r.version + 1,
      power = coalesce((select power from runs), r.power),
      asked_cpu_milli = 0, asked_memory_mib = 0, asked_pods = 0, asked_footprint = null,
      footprint = case when ${leaves === 'new'}::boolean then r.asked_footprint
        when exists (select from runs) then null else r.footprint end,
      spec = coalesce((select spec from runs), r.spec),
      cpu_milli = ${held('cpu_milli')}, memory_mib = ${held('memory_mib')}, pods = ${held('pods')},
      known_revision = case when ${leaves === 'nothing'}::boolean then 0
        else greatest(r.known_revision, d.revision, ${restoredRevision}::int) end,
      ${verification({ leaves, verified, restoredRevision })},
      hold = ${holdAfter(reached)}
    from operation join deployment d on d.runtime_id = operation.runtime_id
    where r.id = operation.runtime_id`;
}

function verification(what: { leaves: string; verified: boolean; restoredRevision: number | null }) {
  if (what.leaves === 'nothing') {
    return sql`verified_deployment_id = null, verified_operation_id = null, verified_revision = null,
      verified_state = null`;
  }
  if (what.verified) {
    return sql`verified_deployment_id = d.id, verified_operation_id = d.operation_id, verified_revision = d.revision,
      verified_state = null`;
  }
  return sql`verified_revision = case when r.verified_revision is null then null
    else coalesce(${what.restoredRevision}::int, r.verified_revision) end`;
}

function holdAfter({ hold, leaves }: OutcomeReached) {
  if (hold !== undefined) return sql`${JSON.stringify(hold)}::jsonb`;
  return leaves === 'new' ? sql`null` : sql`r.hold`;
}

function isVerified({ verified, leaves }: OutcomeReached): boolean {
  return verified === true && leaves === 'new';
}

/** Why a step was not written. */
export async function whyNot(db: TenantSql, { operationId, step }: StepRecord): Promise<StepAnswer> {
  const { rows } = await sql<{ repeated: boolean }>`
    select exists (select from events where operation_id = ${operationId} and step = ${step}::int) as repeated
    from operations where id = ${operationId}`.execute(db);
  const [found] = rows;
  if (found === undefined) return 'unknown';
  return found.repeated ? 'repeated' : 'ended';
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
