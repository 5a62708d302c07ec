import {
  type ChangeEnded,
  type StepCameTrue,
  writeChangeOutcome,
  writeStepDone,
} from '../db/change-progress.ts';
import type { Database } from '../db/database.ts';
import type { ClosedApproval } from '../domain/approval.ts';
import type { Change, Desired, StepResult } from '../domain/change.ts';
import type { ChangeAdmission, ChangeRuntimeInput } from '../domain/change-operation.ts';
import type { Leaves, Outcome } from '../domain/operation.ts';
import type { ErrorCode } from '../domain/rules/error-code.ts';
import { footprintOf } from '../domain/rules/footprint.ts';
import type { Prices } from '../domain/rules/prices.ts';
import { reservationOfRuntime } from '../domain/rules/reservation.ts';
import type { SlotQuota } from '../domain/tenant.ts';
import { endedRecord } from './auditing.ts';
import { admitChange } from './change-admission.ts';
import { type Comparison, compareWithBefore } from './change-comparison.ts';
import { type ChangeNote, insistWritten, OUTCOME_SEVERITY, type RecordKey } from './records.ts';

export interface StepDoneRecord extends RecordKey {
  readonly message: string;
  readonly done: Change | 'undone';
  /** Whose mark the runtime carries now: this step's, or that of the step before what was taken back. */
  readonly mark?: string;
  /** What the runtime is now. */
  readonly desired: Desired;
  /** The step that was taken back had created the runtime. */
  readonly removed?: boolean;
  readonly revision?: number;
  readonly result?: StepResult;
  readonly change: ChangeNote;
}

export interface ChangeOutcomeRecord extends RecordKey {
  readonly outcome: Outcome;
  readonly message: string;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  /** What is in the cluster now, where the operation decided that. */
  readonly leaves?: Leaves;
  readonly approvalStatus?: ClosedApproval;
  readonly change: ChangeNote;
}

interface OperationName {
  readonly tenantId: string;
  readonly runtimeId: string;
  readonly operationId: string;
}

/** What a change writes down, beside stages and decisions, which it writes as a deploy does. */
export interface ChangeRecordActivities {
  /** Judges by policy, state, capability, name and quota; plans an intent; if it may begin, writes its first records. */
  admitChange(input: ChangeRuntimeInput & { workflowId: string; runId: string }): Promise<ChangeAdmission>;
  /** One step has come true or was taken back: the runtime's records follow. */
  recordStepDone(input: StepDoneRecord): Promise<void>;
  recordChangeOutcome(input: ChangeOutcomeRecord): Promise<void>;
  /** Whether the signals of a runtime are worse than when its intent was admitted, and in which way. */
  compareWithBefore(input: OperationName): Promise<Comparison>;
}

export interface ChangeRecordDependencies {
  readonly db: Database;
  readonly defaultQuota: SlotQuota;
  /** How long one step may take until it is reached. */
  readonly stepTimeoutSeconds: number;
  /** How long an intent is watched after its last step. */
  readonly intentSoakSeconds: number;
  /** Age at which what the observer saw no longer counts. */
  readonly maxAgeSeconds: number;
  /** Relative units when left out. */
  readonly prices?: Prices;
}

/** Makes the records of changes over the database. */
export function createChangeRecordActivities(deps: ChangeRecordDependencies): ChangeRecordActivities {
  const { db } = deps;
  return {
    admitChange: input => db.inTenant(input.tenantId, tenant => admitChange(tenant, input, deps)),
    recordStepDone: async input =>
      insistWritten(await writeStepDone(db.forTenant(input.tenantId), cameTrue(input)), input),
    recordChangeOutcome: async input =>
      insistWritten(await writeChangeOutcome(db.forTenant(input.tenantId), hasEnded(input)), input),
    compareWithBefore: input => compareWithBefore(db.forTenant(input.tenantId), input, deps),
  };
}

function cameTrue(input: StepDoneRecord): StepCameTrue {
  const { operationId, step, message, done, change, desired, result } = input;
  const undone = done === 'undone';
  return {
    ...input,
    verb: change.verb,
    steps: change.steps,
    by: change.by,
    removed: input.removed ?? false,
    reservation: reservationOfRuntime(change.type, desired.spec),
    footprint: footprintOf(change.type, desired.spec),
    event: {
      type: undone ? `${change.subject}.undone` : change.subject,
      severity: undone ? 'warning' : 'info',
      actor: 'system',
      operationId,
      step,
      message,
      data: { verb: change.verb, power: desired.power, ...(result && { result }) },
    },
  };
}

function hasEnded(input: ChangeOutcomeRecord): ChangeEnded {
  const { operationId, step, outcome, message, error, change } = input;
  const single = change.steps.length === 1;
  return {
    ...input,
    steps: change.steps,
    event: {
      type: single ? `${change.subject}.${outcome}` : `operation.${outcome}`,
      severity: OUTCOME_SEVERITY[outcome],
      actor: 'system',
      operationId,
      step,
      message,
      data: { steps: change.steps.map(({ verb, status }) => ({ verb, status })), ...(error && { error }) },
      audit: endedRecord(input, { action: `${change.kind}.end`, outcome, message }),
      auditOf: 'operation',
    },
  };
}
