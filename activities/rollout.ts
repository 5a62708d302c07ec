import { Context } from '@temporalio/activity';
import type { ReleaseTarget, RolloutReport } from '../domain/deployment.ts';
import type { WorkloadFacts } from '../domain/health.ts';
import { judgeRollout, type RolloutTerms, soakLeftSeconds } from '../domain/rules/rollout.ts';

export interface RolloutQuestion {
  readonly target: ReleaseTarget;
  /** The operation whose manifest must be the one that runs; older facts do not count. */
  readonly operationId: string;
  readonly soakSeconds: number;
}

/** A question that is answered at the latest at `until` (ISO 8601), with whatever is known then. */
export interface RolloutWatch extends RolloutQuestion {
  readonly until: string;
}

/** Answered from the observer's watch, without a call to the Kubernetes API. */
export interface RolloutActivities {
  /** Waits until the rollout is healthy for its soak, has failed for good, or the time is up. Never answers from facts older than their bound. */
  awaitRollout(input: RolloutWatch): Promise<RolloutReport>;
  /** The judgement right now; `inconclusive` when the observer is blind. */
  readRollout(input: RolloutQuestion): Promise<RolloutReport>;
}

/** Where facts come from: the observer's memory. */
export interface FactSource {
  read(runtimeId: string): WorkloadFacts | undefined;
  /** Calls the listener at every change of the runtime's facts; answers how to stop that. */
  onChange(runtimeId: string, listener: () => void): () => void;
}

export interface RolloutDependencies {
  readonly facts: FactSource;
  /** Facts older than this prove nothing. */
  readonly maxAgeSeconds: number;
  readonly now?: () => Date;
}

/** Makes the activities that answer from the observer's memory. */
export function createRolloutActivities(dependencies: RolloutDependencies): RolloutActivities {
  return {
    readRollout: async question => judge(question, dependencies).report,
    awaitRollout: question => awaitRollout(question, dependencies),
  };
}

/** Facts also change by growing old, and the server must hear that this attempt lives. */
const TICK_MS = 3000;

async function awaitRollout(
  question: RolloutWatch,
  dependencies: RolloutDependencies,
): Promise<RolloutReport> {
  const context = Context.current();
  const { cancellationSignal } = context;
  const { now = () => new Date() } = dependencies;
  const changes = new Changes(dependencies.facts, question.target.runtimeId);
  let heardAt = Date.now();
  cancellationSignal.addEventListener('abort', () => changes.wakeUp(), { once: true });
  try {
    for (;;) {
      const { report, judgeAgainInMs } = judge(question, dependencies);
      const leftMs = Date.parse(question.until) - now().getTime();
      if (report.status === 'healthy' || report.status === 'failed' || leftMs <= 0) return report;
      if (cancellationSignal.aborted) await context.cancelled;
      // Most rollouts end before the server need hear of them: each heartbeat costs it as much as a short activity.
      if (Date.now() - heardAt >= TICK_MS / 2) {
        context.heartbeat(report.reason);
        heardAt = Date.now();
      }
      await changes.next(Math.min(judgeAgainInMs, leftMs));
    }
  } finally {
    changes.end();
  }
}

function judge(
  question: RolloutQuestion,
  { facts, maxAgeSeconds, now = () => new Date() }: RolloutDependencies,
) {
  const terms: RolloutTerms = { ...question, now: now().toISOString(), maxAgeSeconds };
  const found = facts.read(question.target.runtimeId);
  const report = judgeRollout(found, terms);
  const soakLeft = found && soakLeftSeconds(found, terms);
  const judgeAgainInMs = soakLeft === undefined ? TICK_MS : Math.min(TICK_MS, Math.ceil(soakLeft * 1000) + 1);
  return { report, judgeAgainInMs };
}

/** The changes of one runtime's facts, to be waited for one after the other. */
class Changes {
  private changed = false;
  private resume: () => void = () => undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly stopListening: () => void;

  constructor(facts: FactSource, runtimeId: string) {
    this.stopListening = facts.onChange(runtimeId, () => this.wakeUp());
  }

  wakeUp(): void {
    this.changed = true;
    this.resume();
  }

  /** Resolves at the next change, or at once if there was one since the last call, or when the time is up. */
  async next(milliseconds: number): Promise<void> {
    if (!this.changed)
      await new Promise<void>(resolve => {
        this.resume = resolve;
        this.timer = setTimeout(resolve, milliseconds);
      });
    clearTimeout(this.timer);
    this.changed = false;
  }

  end(): void {
    clearTimeout(this.timer);
    this.stopListening();
  }
}
