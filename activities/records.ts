import { ApplicationFailure } from '@temporalio/activity';
import { readAdmissionFacts } from '../db/admission.ts';
import type { Database } from '../db/database.ts';
import {
  type OutcomeReached,
  type StageChange,
  type StepAnswer,
  writeOutcome,
  writeStage,
} from '../db/deploy-progress.ts';
import type { ClosedApproval } from '../domain/approval.ts';
import type { Verb } from '../domain/change.ts';
import type { Admission, DeployRuntimeInput, RolloutReport } from '../domain/deployment.ts';
import type { Event } from '../domain/event.ts';
import type { Leaves, OperationKind, OperationStep, Outcome, Stage } from '../domain/operation.ts';
import type { ErrorCode } from '../domain/rules/error-code.ts';
import { PRICES, type Prices } from '../domain/rules/prices.ts';
import {
  phasesAfterChangeStage,
  phasesAfterOutcome,
  phasesAfterStage,
} from '../domain/rules/runtime-state.ts';
import type { RuntimeType } from '../domain/runtime.ts';
import type { SlotQuota } from '../domain/tenant.ts';
import { admit } from './admission.ts';
import { endedRecord } from './auditing.ts';

/** Names the record a retry must not write twice: the operation and the number of the step within it. */
export interface RecordKey {
  readonly tenantId: string;
  readonly runtimeId: string;
  readonly operationId: string;
  /** Of a deploy. */
  readonly deploymentId?: string;
  readonly step: number;
}

export interface StageRecord extends RecordKey {
  readonly stage: Stage;
  readonly message: string;
  readonly waitsFor?: string;
  readonly severity?: Event['severity'];
  readonly baseRevision?: number;
  readonly revision?: number;
  readonly verdict?: RolloutReport;
  /** Closes the approval of this operation together with the stage. */
  readonly approvalStatus?: ClosedApproval;
  /** Of a change: which, and how far its steps are. */
  readonly change?: ChangeNote;
}

export interface ChangeNote {
  /** The operation's kind. */
  readonly kind: OperationKind;
  /** The event's type without the stage, e.g. `lifecycle.scale`. */
  readonly subject: string;
  /** The verb that is being carried out, or will be first. */
  readonly verb: Verb;
  readonly type: RuntimeType;
  /** Who asked for it. */
  readonly by: string;
  readonly steps: readonly OperationStep[];
}

export interface OutcomeRecord extends RecordKey {
  readonly outcome: Outcome;
  readonly message: string;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  readonly revision?: number;
  readonly restoredRevision?: number;
  readonly verdict?: RolloutReport;
  /** The revision was seen healthy for its whole soak and is now what a rollback goes back to. */
  readonly verified?: boolean;
  /** Nothing newer goes into this runtime until someone lifts the hold. */
  readonly hold?: string;
  /** What is in the cluster now. */
  readonly leaves: Leaves;
  readonly approvalStatus?: ClosedApproval;
}

/** What the workflow writes down. Each promise: one transaction, the same key twice changes nothing the second time. */
export interface RecordActivities {
  /** Judges the request by policy, hold, name and quota; if it may begin, writes runtime, deployment, operation, approval and first event. */
  admitDeployment(input: DeployRuntimeInput & { workflowId: string; runId: string }): Promise<Admission>;
  recordStage(input: StageRecord): Promise<void>;
  recordOutcome(input: OutcomeRecord): Promise<void>;
}

/** What recording needs: the database, prices, and what admission judges by beside it. */
export interface RecordDependencies {
  readonly db: Database;
  /** The five governed endpoints; no deploy is admitted while they are missing. */
  readonly governance: object | undefined;
  /** Quota of a project that is made by its first deploy. */
  readonly defaultQuota: SlotQuota;
  /** Relative units when left out. */
  readonly prices?: Prices;
}

/** Makes the record activities over the database. */
export function createRecordActivities({
  db,
  governance,
  defaultQuota,
  prices = PRICES,
}: RecordDependencies): RecordActivities {
  return {
    admitDeployment: input =>
      db.inTenant(input.tenantId, async tenant => {
        const facts = await readAdmissionFacts(tenant, input);
        if (facts.answered) return facts.answered;
        return admit(tenant, { input, facts, hasGovernance: governance !== undefined, defaultQuota, prices });
      }),
    recordStage: async input => {
      const answer = await writeStage(db.forTenant(input.tenantId), stageChange(input));
      insistWritten(answer, input);
    },
    recordOutcome: async input => {
      const answer = await writeOutcome(db.forTenant(input.tenantId), outcomeReached(input));
      insistWritten(answer, input);
    },
  };
}

/** What is written of a stage that was entered. */
export function stageChange(input: StageRecord): StageChange {
  const { operationId, step, stage, message, severity = STAGE_SEVERITY[stage], verdict } = input;
  const data = withoutGaps({ deployment_id: input.deploymentId, revision: input.revision, verdict });
  const event = {
    type: `${input.change?.subject ?? 'deploy'}.${stage}`,
    severity,
    actor: 'system',
    operationId,
    step,
    message,
    data,
  } as const;
  const { change } = input;
  const phases = change ? phasesAfterChangeStage(change.verb, stage) : phasesAfterStage(stage);
  return { ...input, event, phases, steps: change?.steps };
}

function outcomeReached(input: OutcomeRecord): OutcomeReached {
  const { operationId, deploymentId, step, outcome, message, hold, ...rest } = input;
  const { leaves, revision, restoredRevision, verdict, error } = rest;
  const event = {
    type: `deploy.${outcome}`,
    severity: OUTCOME_SEVERITY[outcome],
    actor: 'system',
    operationId,
    step,
    message,
    data: withoutGaps({
      deployment_id: deploymentId,
      leaves,
      revision,
      restored_revision: restoredRevision,
      verdict,
      error,
      hold,
    }),
    audit: endedRecord(input, { action: 'deploy.end', outcome, message }),
    auditOf: 'operation',
  } as const;
  return {
    ...rest,
    operationId,
    step,
    outcome,
    event,
    phases: phasesAfterOutcome(outcome, leaves),
    hold:
      hold === undefined
        ? undefined
        : { reason: hold, deployment_id: deploymentId ?? '', since: new Date().toISOString() },
  };
}

const STAGE_SEVERITY: Readonly<Record<Stage, Event['severity']>> = {
  checking_policy: 'info',
  awaiting_approval: 'info',
  preparing: 'info',
  applying: 'info',
  verifying: 'info',
  rolling_back: 'warning',
  needs_attention: 'critical',
  finished: 'info',
};

/** How grave each end of an operation is. */
export const OUTCOME_SEVERITY: Readonly<Record<Outcome, Event['severity']>> = {
  succeeded: 'info',
  cancelled: 'info',
  rejected: 'warning',
  expired: 'warning',
  rolled_back: 'warning',
  abandoned: 'warning',
  failed: 'critical',
  errored: 'critical',
};

/** Throws when a record has no operation to belong to. */
export function insistWritten(answer: StepAnswer, { operationId, step }: RecordKey): void {
  if (answer === 'written' || answer === 'repeated') return;
  const why = answer === 'ended' ? 'has ended already' : 'is not in the database';
  throw ApplicationFailure.nonRetryable(
    `Step ${step} of operation ${operationId} was not recorded: the operation ${why}.`,
    answer === 'ended' ? 'OperationEnded' : 'OperationUnknown',
  );
}

/** The fields that have a value. */
export function withoutGaps(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
