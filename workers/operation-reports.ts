import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { Counter, Histogram, type Registry } from 'prom-client';
import type { ChangeOutcomeRecord, StepDoneRecord } from '../activities/change-records.ts';
import type { Clearance, ClearanceSought, ConsentSought } from '../activities/clearance.ts';
import type { DecisionRecord, InterventionRecord, WithdrawalRecord } from '../activities/people-records.ts';
import type { OutcomeRecord, RecordKey, StageRecord } from '../activities/records.ts';
import type { ChangeAdmission, ChangeRuntimeInput } from '../domain/change-operation.ts';
import type { Admission, DeployRuntimeInput } from '../domain/deployment.ts';
import type { Outcome, Stage } from '../domain/operation.ts';
import type { Log } from '../process/log.ts';
import { StageClock } from './stage-clock.ts';

/** One log line for each state change that was recorded, and what operators alert on: outcomes, refusals, durations. */
export function reportOperations(parts: { log: Log; registry: Registry }): ActivityInterceptorsFactory {
  const reports = new OperationReports(parts);
  return context => ({
    inbound: {
      async execute(input, next) {
        const output = await next(input);
        reports.recorded({ activity: context.info.activityType, given: input.args[0], output });
        return output;
      },
    },
  });
}

/** Turns what was recorded into log lines and metrics. */
export class OperationReports {
  readonly #log: Log;
  readonly #clock = new StageClock();
  readonly #metrics: ReturnType<typeof createMetrics>;

  constructor({ log, registry }: { log: Log; registry: Registry }) {
    this.#log = log;
    this.#metrics = createMetrics(registry);
  }

  recorded({ activity, given, output }: { activity: string; given: unknown; output: unknown }): void {
    if (activity === 'admitDeployment' || activity === 'admitChange')
      this.#admission(
        given as DeployRuntimeInput | ChangeRuntimeInput,
        output as Admission | ChangeAdmission,
      );
    if (activity === 'recordStepDone') this.#stepDone(given as StepDoneRecord);
    if (activity === 'recordStage') this.#stage(given as StageRecord);
    if (activity === 'openApproval') this.#stage({ ...(given as ConsentSought), stage: 'awaiting_approval' });
    if (activity === 'clear') this.#clearance(given as ClearanceSought, output as Clearance);
    if (activity === 'recordIntervention') this.#intervention(given as InterventionRecord);
    if (activity === 'recordWithdrawal') this.#withdrawal(given as WithdrawalRecord);
    if (activity === 'recordDecision') this.#decision(given as DecisionRecord);
    if (activity === 'recordOutcome' || activity === 'recordChangeOutcome')
      this.#outcome(given as OutcomeRecord | ChangeOutcomeRecord);
  }

  #admission(input: DeployRuntimeInput | ChangeRuntimeInput, admission: Admission | ChangeAdmission): void {
    if (!admission.admitted) {
      this.#metrics.refusals.inc({ code: admission.code });
      this.#log.info({ ...fieldsOf(input), code: admission.code }, `refused: ${admission.reason}`);
      return;
    }
    const stage = 'preparing';
    this.#clock.enter(input.operationId, stage);
    this.#log.info({ ...fieldsOf(input), stage }, `${stage}: ${admission.policy.reason}`);
  }

  #stage(record: StageRecord): void {
    const { operationId, stage, message } = record;
    this.#observe(this.#clock.enter(operationId, stage));
    this.#log[WORTH_A_WARNING.has(stage) ? 'warn' : 'info'](
      { ...fieldsOf(record), stage },
      `${stage}: ${message}`,
    );
  }

  #clearance(record: ClearanceSought, clearance: Clearance): void {
    if (clearance.cleared) {
      this.#stage(record);
      return;
    }
    const { why, verdict } = clearance;
    this.#log.info({ ...fieldsOf(record), why, policy: verdict.policy }, `not cleared: ${verdict.reason}`);
  }

  #withdrawal(record: WithdrawalRecord): void {
    const { by } = record;
    this.#log.info({ ...fieldsOf(record), by: by.id }, `${by.name} took the decision back`);
  }

  #intervention(record: InterventionRecord): void {
    const { by, intervention, message } = record;
    this.#log.info({ ...fieldsOf(record), intervention, by: by.id }, message);
  }

  #decision(record: DecisionRecord): void {
    const { decision, by } = record;
    this.#log.info({ ...fieldsOf(record), decision, by: by.id }, `${decision} by ${by.name}`);
  }

  #stepDone(record: StepDoneRecord): void {
    const { change, message, done } = record;
    const undone = done === 'undone';
    this.#log[undone ? 'warn' : 'info'](
      { ...fieldsOf(record), verb: change.verb },
      `${change.subject}: ${message}`,
    );
  }

  #outcome(record: OutcomeRecord | ChangeOutcomeRecord): void {
    const { operationId, outcome, message } = record;
    const ended = this.#clock.end(operationId);
    this.#observe(ended);
    if (ended) this.#metrics.operationSeconds.observe({ outcome }, ended.sinceAdmissionSeconds);
    this.#metrics.outcomes.inc({ outcome });
    this.#log[WORTH_A_WARNING.has(outcome) ? 'warn' : 'info'](
      { ...fieldsOf(record), outcome },
      `${outcome}: ${message}`,
    );
  }

  #observe(left: { stage: Stage; seconds: number } | undefined): void {
    if (left) this.#metrics.stageSeconds.observe({ stage: left.stage }, left.seconds);
  }
}

const WORTH_A_WARNING: ReadonlySet<Stage | Outcome> = new Set<Stage | Outcome>([
  'rolling_back',
  'needs_attention',
  'rolled_back',
  'failed',
  'errored',
]);

function fieldsOf({ operationId, tenantId, runtimeId }: Omit<RecordKey, 'deploymentId' | 'step'>) {
  return { operation: operationId, tenant: tenantId, runtime: runtimeId };
}

function createMetrics(registry: Registry) {
  const registers = [registry];
  const buckets = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 86_400];
  return {
    outcomes: new Counter({
      name: 'runtimeai_operations_total',
      help: 'Operations that ended, by outcome',
      labelNames: ['outcome'] as const,
      registers,
    }),
    refusals: new Counter({
      name: 'runtimeai_refusals_total',
      help: 'Deploys and changes that were not admitted, by the code of the refusal',
      labelNames: ['code'] as const,
      registers,
    }),
    stageSeconds: new Histogram({
      name: 'runtimeai_stage_seconds',
      help: 'Time an operation spent in a stage, where this process saw it enter and leave',
      labelNames: ['stage'] as const,
      buckets,
      registers,
    }),
    operationSeconds: new Histogram({
      name: 'runtimeai_operation_seconds',
      help: 'Time from admission to the outcome, waiting for people included, where this process saw both',
      labelNames: ['outcome'] as const,
      buckets,
      registers,
    }),
  };
}
