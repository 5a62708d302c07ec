import type { FactSource } from '../../activities/rollout.ts';
import type { Health, WorkloadFacts } from '../../domain/health.ts';
import { judgeHealth } from '../../domain/rules/health.ts';

/** One judgement to keep. */
export interface HealthRecord {
  readonly runtimeId: string;
  readonly tenantId: string;
  readonly health: Health;
  readonly facts: WorkloadFacts;
}

export interface RecorderOptions {
  readonly facts: FactSource;
  /** Whether the facts are fresh enough to be judged at all. */
  readonly isFresh: () => boolean;
  /** Keeps a judgement, and an event if the status differs from the one kept before; answers whether it did. */
  readonly save: (record: HealthRecord) => Promise<boolean>;
  readonly onJudged: (health: Health) => void;
  readonly onTransition: (record: HealthRecord) => void;
  readonly onSaveFailed: (record: HealthRecord, error: unknown) => void;
}

/** Changes within this time are judged once: a rollout changes a dozen objects in a second. */
const JUDGE_EVERY_MS = 500;
const SAVES_AT_ONCE = 8;
const MOST_PODS_KEPT = 50;

/** Judges the runtimes that changed and keeps what differs from what was kept last. */
export class HealthRecorder {
  private readonly changed = new Set<string>();
  private readonly kept = new Map<string, { readonly words: string; readonly facts: WorkloadFacts }>();
  private readonly options: RecorderOptions;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(options: RecorderOptions) {
    this.options = options;
  }

  /** Notes that something of the runtime changed. */
  changedOf(runtimeId: string): void {
    this.changed.add(runtimeId);
  }

  /** Notes what an earlier observer kept, so that a runtime that is gone by now is not taken for healthy for ever. */
  remember(facts: WorkloadFacts): void {
    if (this.kept.has(facts.runtimeId)) return;
    this.kept.set(facts.runtimeId, { words: '', facts });
    this.changed.add(facts.runtimeId);
  }

  start(): void {
    this.timer = setTimeout(() => {
      this.running = this.flush().finally(() => this.start());
    }, JUDGE_EVERY_MS);
  }

  /** Ends after what is being written. */
  async stop(): Promise<void> {
    clearTimeout(this.timer);
    await this.running;
    clearTimeout(this.timer);
  }

  /** Judges everything that changed since the last time. */
  async flush(): Promise<void> {
    if (!this.options.isFresh()) return;
    const due = [...this.changed].values();
    this.changed.clear();
    const lane = async () => {
      for (const runtimeId of due) await this.judge(runtimeId);
    };
    await Promise.all(Array.from({ length: SAVES_AT_ONCE }, lane));
  }

  private async judge(runtimeId: string): Promise<void> {
    const record = this.recordOf(runtimeId);
    if (record === undefined) return;
    this.options.onJudged(record.health);
    const words = wordsOf(record.health);
    if (this.kept.get(runtimeId)?.words === words) return;
    try {
      if (await this.options.save({ ...record, facts: shortened(record.facts) }))
        this.options.onTransition(record);
      this.remembered(record, words);
    } catch (error) {
      this.changed.add(runtimeId);
      this.options.onSaveFailed(record, error);
    }
  }

  private recordOf(runtimeId: string): HealthRecord | undefined {
    const facts = this.options.facts.read(runtimeId);
    if (facts !== undefined)
      return { runtimeId, tenantId: facts.tenantId, health: judgeHealth(facts), facts };
    const last = this.kept.get(runtimeId)?.facts;
    if (last === undefined) return undefined;
    const gone: Health = {
      status: 'unknown',
      readyPods: 0,
      totalPods: 0,
      reason: 'its Deployment is no longer in the cluster',
    };
    const observedAt = new Date().toISOString();
    return { runtimeId, tenantId: last.tenantId, health: gone, facts: { ...last, pods: [], observedAt } };
  }

  private remembered(record: HealthRecord, words: string): void {
    const isGone = record.health.status === 'unknown';
    if (isGone) this.kept.delete(record.runtimeId);
    else this.kept.set(record.runtimeId, { words, facts: { ...record.facts, pods: [] } });
  }
}

function wordsOf({ status, readyPods, totalPods, reason }: Health): string {
  return [status, readyPods, totalPods, reason].join('|');
}

/** Of very many pods the ones that are not ready are worth keeping. */
function shortened(facts: WorkloadFacts): WorkloadFacts {
  const pods = [...facts.pods].sort((a, b) => Number(a.ready) - Number(b.ready)).slice(0, MOST_PODS_KEPT);
  return { ...facts, pods };
}
