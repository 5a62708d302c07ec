import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type {
  ChangeOutcomeRecord,
  ChangeRecordActivities,
  StepDoneRecord,
} from '../../activities/change-records.ts';
import type { ChangeActivities } from '../../activities/changes.ts';
import type {
  ClearanceActivities,
  ClearanceSought,
  ConsentSought,
  OpenedApproval,
} from '../../activities/clearance.ts';
import type { EvidenceActivities } from '../../activities/evidence.ts';
import type { ReleaseActivities } from '../../activities/helm.ts';
import type {
  DecisionRecord,
  InterventionRecord,
  PeopleActivities,
  WithdrawalRecord,
} from '../../activities/people-records.ts';
import type { OutcomeRecord, RecordActivities, StageRecord } from '../../activities/records.ts';
import type { RolloutActivities } from '../../activities/rollout.ts';
import type { Step } from '../../domain/change.ts';
import type { ChangeAdmission } from '../../domain/change-operation.ts';
import type { Admission, ReleaseReport } from '../../domain/deployment.ts';
import type { ErrorCode } from '../../domain/rules/error-code.ts';
import { TASK_QUEUES } from '../../temporal/names.ts';

export type Activities = RecordActivities &
  PeopleActivities &
  ReleaseActivities &
  RolloutActivities &
  EvidenceActivities &
  ChangeActivities &
  ChangeRecordActivities &
  ClearanceActivities;
export type ActivityName = keyof Activities;
export type Input<N extends ActivityName> = Parameters<Activities[N]>[0];
export type Output<N extends ActivityName> = Awaited<ReturnType<Activities[N]>>;

/** What one call of an activity does; `usually` is what the fake would have done by itself. */
export type Behaviour<N extends ActivityName> = (
  input: Input<N>,
  usually: () => Output<N>,
) => Promise<unknown>;

export interface Call {
  readonly activity: ActivityName;
  readonly input: unknown;
  readonly attempt: number;
  readonly priority: number | undefined;
}

/** Which worker carries out which promise, as in the real processes. */
export const ACTIVITIES_BY_QUEUE: Readonly<Record<keyof typeof TASK_QUEUES, readonly ActivityName[]>> = {
  control: [
    'admitDeployment',
    'recordStage',
    'recordDecision',
    'recordWithdrawal',
    'recordIntervention',
    'recordOutcome',
    'openApproval',
    'clear',
    'admitChange',
    'recordStepDone',
    'recordChangeOutcome',
    'compareWithBefore',
  ],
  cluster: [
    'planRelease',
    'installRelease',
    'readRelease',
    'rollbackRelease',
    'uninstallRelease',
    'collectEvidence',
    'planStep',
    'carryOutStep',
    'awaitStep',
    'undoStep',
  ],
  observer: ['awaitRollout', 'readRollout'],
};

/** A small world behind the activities of one runtime: it keeps a release and its records, counts calls, and misbehaves when told to. */
export class FakeActivities {
  /** The newest revision of the release, 0 when there is none. */
  revision: number;
  readonly calls: Call[] = [];
  readonly stages: StageRecord[] = [];
  readonly decisions: DecisionRecord[] = [];
  readonly withdrawals: WithdrawalRecord[] = [];
  readonly interventions: InterventionRecord[] = [];
  /** Every question to people, in order; the first is `apr_1`. */
  readonly asked: ConsentSought[] = [];
  readonly outcomes: (OutcomeRecord | ChangeOutcomeRecord)[] = [];
  readonly stepsDone: StepDoneRecord[] = [];
  private readonly written = new Set<number>();
  private readonly queues = new Map<ActivityName, Behaviour<never>[]>();
  private readonly habits = new Map<ActivityName, Behaviour<never>>();
  private readonly usual: { [N in ActivityName]: (input: Input<N>) => Output<N> };

  constructor(admission: Admission | ChangeAdmission) {
    this.revision = admission.admitted ? admission.knownRevision : 0;
    this.usual = {
      admitDeployment: () => admission as Admission,
      recordStage: record => this.write(this.stages, record),
      recordDecision: record => this.write(this.decisions, record),
      recordWithdrawal: record => this.write(this.withdrawals, record),
      recordIntervention: record => this.write(this.interventions, record),
      openApproval: sought => this.open(sought),
      clear: sought => this.clear(sought),
      recordOutcome: record => this.write(this.outcomes, record),
      planRelease: () => ({ digest: 'sha256:plan', summary: PLANNED, baseRevision: this.revision }),
      installRelease: () => this.nextRevision(),
      readRelease: ({ baseRevision }) => (this.revision > baseRevision ? this.newest() : undefined),
      rollbackRelease: () => this.nextRevision(),
      uninstallRelease: () => {
        this.revision = 0;
      },
      collectEvidence: ({ reason }) => ({ reason }),
      admitChange: () => admission as ChangeAdmission,
      recordStepDone: record => this.write(this.stepsDone, record),
      recordChangeOutcome: record => this.write(this.outcomes, record),
      compareWithBefore: () => ({}),
      planStep: () => ({ summary: PLANNED, changes: [], base: {} }),
      carryOutStep: () => ({ awaiting: {} }),
      awaitStep: ({ step }) => ({ status: 'reached', message: `${step.change.verb} is true` }),
      undoStep: ({ step }) => ({ step: backOf(step), begun: { awaiting: {} } }),
      awaitRollout: () => HEALTHY,
      readRollout: () => HEALTHY,
    };
  }

  /** The next calls of this activity do this, in order; afterwards it does what it usually does. */
  next<N extends ActivityName>(activity: N, ...behaviours: Behaviour<N>[]): this {
    this.queues.set(activity, [...(this.queues.get(activity) ?? []), ...behaviours]);
    return this;
  }

  /** From now on every call of this activity does this. */
  always<N extends ActivityName>(activity: N, behaviour: Behaviour<N>): this {
    this.habits.set(activity, behaviour);
    return this;
  }

  /** From now on this activity does what it usually does. */
  recover(activity: ActivityName): void {
    this.queues.delete(activity);
    this.habits.delete(activity);
  }

  /** The inputs an activity was called with, oldest first. */
  inputsOf<N extends ActivityName>(activity: N): Input<N>[] {
    return this.calls.filter(call => call.activity === activity).map(call => call.input as Input<N>);
  }

  /** The promises that touch the cluster, in the order in which they were called. */
  touched(): ActivityName[] {
    return this.calls
      .map(call => call.activity)
      .filter(activity => !ACTIVITIES_BY_QUEUE.control.includes(activity));
  }

  /** How the operation ended, as it was written down. */
  outcome(): OutcomeRecord | ChangeOutcomeRecord {
    const [outcome, ...more] = this.outcomes;
    if (!outcome || more.length > 0)
      throw new Error(`expected one recorded outcome, found ${this.outcomes.length}`);
    return outcome;
  }

  /** What the worker calls; notes the call before anything else happens. */
  async perform<N extends ActivityName>(activity: N, input: Input<N>): Promise<unknown> {
    const { attempt, priority } = Context.current().info;
    this.calls.push({ activity, input, attempt, priority: priority?.priorityKey });
    const usually = () => this.usual[activity](input);
    const behaviour = (this.queues.get(activity)?.shift() ?? this.habits.get(activity)) as
      | Behaviour<N>
      | undefined;
    return behaviour ? behaviour(input, usually) : usually();
  }

  private open(sought: ConsentSought): OpenedApproval {
    this.write(this.asked, sought);
    const { demands, expires_in_seconds } = sought.policy;
    return {
      id: `apr_${this.asked.length}`,
      digest: `digest ${this.asked.length}`,
      demands,
      expiresInSeconds: expires_in_seconds ?? 3600,
    };
  }

  private clear(sought: ClearanceSought): { cleared: true } {
    this.write(this.stages, sought);
    return { cleared: true };
  }

  private write<R extends { readonly step: number }>(into: R[], record: R): void {
    if (this.written.has(record.step)) return;
    this.written.add(record.step);
    into.push(record);
  }

  private nextRevision(): ReleaseReport {
    this.revision += 1;
    return this.newest();
  }

  private newest(): ReleaseReport {
    return { revision: this.revision, status: 'deployed', manifestDigest: `sha256:${this.revision}` };
  }
}

/** The step that is awaited when one is taken back. */
function backOf(step: Step): Step {
  return step.before === null ? { ...step, change: { verb: 'delete' } } : { ...step, desired: step.before };
}

const PLANNED = { create: 6, update: 0, unchanged: 0, remove: 0 };
const HEALTHY = { status: 'healthy', reason: '2 of 2 pods ready', ready_pods: 2, total_pods: 2 } as const;

/** Answers this. */
export function answer<N extends ActivityName>(output: Output<N>): Behaviour<N> {
  return () => Promise.resolve(output);
}

/** What a failure of ours is called; `Error` is one that no activity has classified. */
type FailureType = ErrorCode | 'Error';

/** Fails for good: no retry will help. */
export function fail(type: FailureType, message: string): Behaviour<ActivityName> {
  return async () => {
    throw ApplicationFailure.nonRetryable(message, type);
  };
}

/** Fails in a way that Temporal tries again, after the usual time or the one named here. */
export function stumble(
  type: FailureType,
  message: string,
  nextRetryDelay?: '5 minutes',
): Behaviour<ActivityName> {
  return async () => {
    throw ApplicationFailure.create({
      type,
      message,
      nonRetryable: false,
      ...(nextRetryDelay ? { nextRetryDelay } : {}),
    });
  };
}

/** Does its work, and then does this instead of answering: the answer was lost. */
export function doneThen<N extends ActivityName>(behaviour: Behaviour<ActivityName>): Behaviour<N> {
  return async (input, usually) => {
    usually();
    return await (behaviour as Behaviour<N>)(input, usually);
  };
}

/** Waits until the test opens it, then does what the activity usually does. */
export function gate(): { readonly waits: Behaviour<ActivityName>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const waits: Behaviour<ActivityName> = async (_input, usually) => {
    await Promise.race([promise, Context.current().cancelled]);
    return usually();
  };
  return { waits, open: resolve };
}

/** As `gate`, but hears of no cancellation: its answer comes although nobody wants it any more. */
export function deafGate(): { readonly waits: Behaviour<ActivityName>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const waits: Behaviour<ActivityName> = async (_input, usually) => {
    await promise;
    return usually();
  };
  return { waits, open: resolve };
}

/** Works on and on, heartbeating, until it is cancelled; then ends as cancelled, or as `atLast` says. */
export function hang(atLast?: Behaviour<ActivityName>): Behaviour<ActivityName> {
  return async (input, usually) => {
    const context = Context.current();
    const beat = setInterval(() => context.heartbeat(), 20);
    try {
      return await context.cancelled;
    } catch (cancelled) {
      if (atLast) return await atLast(input, usually as () => never);
      throw cancelled;
    } finally {
      clearInterval(beat);
    }
  };
}
