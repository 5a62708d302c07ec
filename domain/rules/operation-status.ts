import type { OperationStatus, Outcome, Stage } from '../operation.ts';

/** The contract's coarse word for a stage and an outcome. */
export function statusOf(stage: Stage, outcome: Outcome | null): OperationStatus {
  return outcome === null ? STATUS_OF_STAGE[stage] : STATUS_OF_OUTCOME[outcome];
}

/** Which stages without an outcome, and which outcomes, the coarse word stands for. */
export function meaningOf(status: OperationStatus): {
  readonly stages: readonly string[];
  readonly outcomes: readonly string[];
} {
  const named = (map: Record<string, OperationStatus>) =>
    Object.keys(map).filter(word => map[word] === status);
  return { stages: named(STATUS_OF_STAGE), outcomes: named(STATUS_OF_OUTCOME) };
}

/** How far an operation is in percent; a stage says where it is, not how long it still takes. */
export function percentOf(stage: Stage): number {
  return PERCENT_OF_STAGE[stage];
}

const STATUS_OF_STAGE: Readonly<Record<Stage, OperationStatus>> = {
  checking_policy: 'queued',
  awaiting_approval: 'queued',
  preparing: 'running',
  applying: 'running',
  verifying: 'running',
  rolling_back: 'running',
  needs_attention: 'running',
  finished: 'running',
};

const STATUS_OF_OUTCOME: Readonly<Record<Outcome, OperationStatus>> = {
  succeeded: 'succeeded',
  rejected: 'failed',
  expired: 'failed',
  failed: 'failed',
  errored: 'failed',
  rolled_back: 'failed',
  abandoned: 'failed',
  cancelled: 'cancelled',
};

const PERCENT_OF_STAGE: Readonly<Record<Stage, number>> = {
  checking_policy: 0,
  awaiting_approval: 5,
  preparing: 15,
  applying: 40,
  verifying: 70,
  rolling_back: 85,
  needs_attention: 90,
  finished: 100,
};
