import { type RawBuilder, sql } from 'kysely';
import type { ClosedApproval } from '../domain/approval.ts';
import type { Change, Desired, StepResult, Verb } from '../domain/change.ts';
import type { Leaves, OperationError, OperationStep, Outcome } from '../domain/operation.ts';
import type { Footprint } from '../domain/policy.ts';
import type { Reservation } from '../domain/rules/quota.ts';
import { phasesAfterChange, phasesAfterStep } from '../domain/rules/runtime-state.ts';
import {
  closingApproval,
  openOperation,
  type StepAnswer,
  type StepRecord,
  whyNot,
} from './deploy-progress.ts';
import { writingEvent } from './events.ts';
import type { TenantSql } from './tables.ts';

export interface StepCameTrue extends StepRecord {
  readonly done: Change | 'undone';
  /** Of the step, also of one that was taken back. */
  readonly verb: Verb;
  /** What the runtime is now. */
  readonly desired: Desired;
  /** Whether the step that was taken back had created the runtime. */
  readonly removed: boolean;
  readonly reservation: Reservation;
  readonly footprint: Footprint;
  /** Whose mark the runtime carries now. */
  readonly mark?: string | undefined;
  readonly revision?: number | undefined;
  readonly result?: StepResult | undefined;
  readonly steps: readonly OperationStep[];
  readonly by: string;
}

export interface ChangeEnded extends StepRecord {
  readonly outcome: Outcome;
  readonly error?: OperationError | undefined;
  readonly leaves?: Leaves | undefined;
  readonly approvalStatus?: ClosedApproval | undefined;
  readonly steps: readonly OperationStep[];
}

/** Writes that a step has come true, with all that follows from it for the runtime and its snapshots; one statement. */
export async function writeStepDone(db: TenantSql, step: StepCameTrue): Promise<StepAnswer> {
  const { rows } = await sql`
    with operation as (${openOperation(step)}),
    noted as (
      update operations o set steps = ${JSON.stringify(step.steps)}::jsonb, message = ${step.event.message}
      from operation where o.id = operation.id
    ), runtime as (${runtimeAfter(step)}),
    snapshot as (${snapshotAfter(step)}),
    health as (${healthAfter(step)}),
    ${writingEvent(step.event, 'operation')}`.execute(db);
  return rows.length > 0 ? 'written' : whyNot(db, step);
}

/** Writes how a change ended; what its steps did was written when they did it. One statement. */
export async function writeChangeOutcome(db: TenantSql, ended: ChangeEnded): Promise<StepAnswer> {
  const { outcome, leaves, steps, event } = ended;
  const phases = JSON.stringify(phasesAfterChange(outcome, leaves));
  const { rows } = await sql`
    with operation as (${openOperation(ended)}),
    finished as (
      update operations o set stage = 'finished', outcome = ${outcome}, message = ${event.message}, waits_for = null,
        steps = ${JSON.stringify(steps)}::jsonb, error = ${json(ended.error)}::jsonb, finished_at = now()
      from operation where o.id = operation.id
    ), runtime as (
      update runtimes r set phase = ${phases}::jsonb ->> r.phase, updated_at = now(),
        asked_cpu_milli = 0, asked_memory_mib = 0, asked_pods = 0, asked_footprint = null
      from operation where r.id = operation.runtime_id
    ), snapshot as (
      update snapshots s set status = 'failed' from operation
      where s.operation_id = operation.id and s.status = 'creating'
    ), approval as (${closingApproval(ended)}),
    ${writingEvent(event, 'operation')}`.execute(db);
  return rows.length > 0 ? 'written' : whyNot(db, ended);
}

function runtimeAfter(step: StepCameTrue): RawBuilder<unknown> {
  const { done, desired, removed } = step;
  const gone = removed || verbOf(done) === 'delete';
  const held = gone ? { cpuMilli: 0, memoryMiB: 0, pods: 0 } : step.reservation;
  const phases = JSON.stringify(phasesAfterStep(verbOf(done), removed));
  return sql`
    update runtimes r set phase = ${phases}::jsonb ->> r.phase, updated_at = now(), version = r.version + 1,
      spec = ${JSON.stringify(desired.spec)}::jsonb, power = ${desired.power},
      cpu_milli = ${held.cpuMilli}::int, memory_mib = ${held.memoryMiB}::int, pods = ${held.pods}::int,
      footprint = ${JSON.stringify(step.footprint)}::jsonb,
      ${releaseAfter(step, gone)},
      observer_detached = ${observerAfter(step)},
      deleted_at = case when ${verbOf(done) === 'delete'}::boolean then now() end
    from operation where r.id = operation.runtime_id`;
}

// A step that came true was watched until it was healthy, so a rollback may go back to it; the Deployment then names
// this step, or after a way back the one before it.
function releaseAfter(step: StepCameTrue, gone: boolean) {
  const { mark } = step;
  const revision = step.revision ?? null;
  if (gone)
    return sql`known_revision = 0, verified_revision = null, verified_operation_id = null,
      verified_deployment_id = null, verified_state = null`;
  const state = JSON.stringify({ ...step.desired, ...step.reservation });
  const isNew = sql`r.verified_revision is not null and ${revision}::int is not null`;
  return sql`known_revision = greatest(r.known_revision, ${revision}::int),
    verified_revision = case when ${isNew} then ${revision}::int else r.verified_revision end,
    verified_state = case when ${isNew} then ${state}::jsonb else r.verified_state end,
    verified_operation_id = case when ${isNew} then coalesce(${mark ?? null}, r.verified_operation_id)
      else r.verified_operation_id end`;
}

function observerAfter({ done, by }: StepCameTrue) {
  if (verbOf(done) === 'attach_observer') return sql`null`;
  if (verbOf(done) !== 'detach_observer') return sql`r.observer_detached`;
  return sql`jsonb_build_object('by', ${by}::text, 'at', now())`;
}

function snapshotAfter({ done, result }: StepCameTrue): RawBuilder<unknown> {
  if (verbOf(done) === 'delete')
    return sql`update snapshots s set status = 'deleted' from operation
      where s.runtime_id = operation.runtime_id and s.status in ('creating', 'ready')`;
  const id = done !== 'undone' && done.verb === 'snapshot' ? done.snapshot.id : null;
  const { ref, contents } = result?.snapshot ?? { ref: {}, contents: [] };
  return sql`update snapshots s set status = 'ready', ref = ${JSON.stringify(ref)}::jsonb,
      contents = ${JSON.stringify(contents)}::jsonb, ready_at = now()
    from operation where s.id = ${id} and s.runtime_id = operation.runtime_id`;
}

/** Verbs after which it was seen how the runtime is, and those of which that also holds after the way back. */
const SEEN: readonly Verb[] = [
  'create',
  'start',
  'stop',
  'restart',
  'scale',
  'restore',
  'migrate',
  'tune_policy',
];
const SEEN_UNDONE: readonly Verb[] = ['start', 'stop', 'restart', 'scale', 'restore', 'tune_policy'];

// What the step was watched for is an observation too: without it the state would lag behind the end of the operation.
function healthAfter({ done, verb, desired, removed, event }: StepCameTrue): RawBuilder<unknown> {
  const seen = !removed && (done === 'undone' ? SEEN_UNDONE : SEEN).includes(verb);
  const status = desired.power === 'stopped' ? 'stopped' : 'healthy';
  return sql`
    insert into runtime_health (runtime_id, status, ready_pods, total_pods, reason, observed_at)
    select runtime_id, ${status}, 0, 0, ${event.message}, now() from operation where ${seen}::boolean
    on conflict (tenant_id, runtime_id) do update set status = excluded.status, reason = excluded.reason,
      observed_at = excluded.observed_at`;
}

function verbOf(done: StepCameTrue['done']): string {
  return done === 'undone' ? 'undone' : done.verb;
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
