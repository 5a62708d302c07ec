import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SeenHealth } from '../../adapters/adapter.ts';
import type { ObservedSignals, Saved, WatchedRuntime } from '../../db/health.ts';
import type { ObservedFacts, PodFacts } from '../../domain/health.ts';
import type { Phase } from '../../domain/rules/runtime-state.ts';
import { isGone, judgeRuntime } from './judging.ts';
import { type KnownRuntime, KnownRuntimes, wordsOf } from './known-runtimes.ts';
import type { HealthViews } from './seen-objects.ts';
import type { Sight } from './sight.ts';
import { noteWritten, SignalWriter } from './signal-writer.ts';
import { type Signals, signalsOf } from './signals.ts';
import type { Usage } from './usage-book.ts';
import type { SeenRuntime, WorkloadStore } from './workload-store.ts';

/** One judgement to keep. */
export interface HealthRecord {
  readonly runtimeId: string;
  readonly tenantId: string;
  readonly health: SeenHealth;
  readonly signals: Signals;
  readonly facts: ObservedFacts;
}

export interface RecorderOptions {
  readonly facts: Pick<WorkloadStore, 'seen' | 'tenantOf'>;
  readonly views: HealthViews;
  /** How long ago that was heard without which no runtime is judged. */
  readonly ageSeconds: () => number;
  readonly maxAgeSeconds: number;
  /** Whether what this adapter judges by is known. */
  readonly sight: (adapter: string) => Sight;
  readonly usage: (namespace: string, pods: readonly PodFacts[]) => Usage;
  /** What the database knows of these runtimes; one that is deleted is not among the answers. */
  readonly lookUp: (tenantId: string, ids: readonly string[]) => Promise<readonly WatchedRuntime[]>;
  /** Keeps a judgement, and an event if the status differs from the one kept before. */
  readonly save: (record: HealthRecord) => Promise<Saved>;
  readonly saveSignals: (tenantId: string, observed: readonly ObservedSignals[]) => Promise<void>;
  readonly onJudged: (health: SeenHealth) => void;
  readonly onTransition: (record: HealthRecord) => void;
  /** The database did not answer; what was due stays due. */
  readonly onFailed: (error: unknown, record?: HealthRecord) => void;
}

/** Changes within this time are judged once: a rollout changes a dozen objects in a second. */
const JUDGE_EVERY_MS = 500;
const SAVES_AT_ONCE = 8;
const JUDGED_IN_A_TURN = 200;
const MOST_PODS_KEPT = 50;

/** Phases in which nothing of a runtime is meant to be there. */
const WITHOUT_OBJECTS: readonly Phase[] = ['installing', 'not_installed', 'install_failed'];

/** Judges the runtimes that changed, by their adapters, and keeps what differs from what was kept last. */
export class HealthRecorder {
  private readonly options: RecorderOptions;
  private readonly known: KnownRuntimes;
  private readonly signals: SignalWriter;
  private changed = new Set<string>();
  private announcedOnes = new Set<string>();
  private readonly sights = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(options: RecorderOptions) {
    this.options = options;
    const { lookUp, facts, saveSignals, onFailed } = options;
    this.known = new KnownRuntimes({ lookUp, tenantOf: runtimeId => facts.tenantOf(runtimeId) });
    this.signals = new SignalWriter({
      saveSignals,
      onFailed: (error, runtimeIds) => {
        for (const runtimeId of runtimeIds) this.changed.add(runtimeId);
        onFailed(error);
      },
    });
  }

  /** Notes that something of the runtime changed in the cluster. */
  changedOf(runtimeId: string): void {
    this.changed.add(runtimeId);
  }

  /** Notes that something of the runtime changed in the database, whoever wrote it. */
  announced(runtimeId: string): void {
    if (this.known.get(runtimeId)) this.announcedOnes.add(runtimeId);
  }

  /** Notes that announcements may have been missed. */
  announcedAll(): void {
    for (const [runtimeId] of this.known.entries()) this.announcedOnes.add(runtimeId);
  }

  /** Notes that usage was read again. */
  usageRead(): void {
    for (const [runtimeId] of this.known.entries()) this.changed.add(runtimeId);
  }

  /** Notes what an earlier observer saw, so that a runtime that is gone by now is not taken for healthy for ever. */
  remember(tenantId: string, runtime: WatchedRuntime): void {
    this.known.remember(tenantId, runtime);
    this.changed.add(runtime.runtimeId);
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
    if (!this.isFresh()) return;
    this.noteSights();
    await this.hearAnnouncements();
    const due = this.changed;
    this.changed = new Set();
    if (!(await this.learn(due))) return;
    const queue = due.values();
    const lane = async () => {
      let judged = 0;
      for (const runtimeId of queue) {
        await this.judge(runtimeId);
        judged += 1;
        if (judged % JUDGED_IN_A_TURN === 0) await nextTurn();
      }
    };
    await Promise.all(Array.from({ length: SAVES_AT_ONCE }, lane));
    await this.signals.flush();
  }

  private isFresh(): boolean {
    return this.options.ageSeconds() <= this.options.maxAgeSeconds;
  }

  /** A kind that fell silent, or is heard again, changes the health of all runtimes that are made of it. */
  private noteSights(): void {
    for (const adapter of this.options.views.keys()) {
      const { is } = this.options.sight(adapter);
      if (this.sights.get(adapter) === is) continue;
      this.sights.set(adapter, is);
      for (const [runtimeId, { backend }] of this.known.entries())
        if (backend === adapter) this.changed.add(runtimeId);
    }
  }

  /** Others write too: phases, detached observers, what a workflow saw. What differs from our last word is said again. */
  private async hearAnnouncements(): Promise<void> {
    if (this.announcedOnes.size === 0) return;
    const due = this.announcedOnes;
    this.announcedOnes = new Set();
    try {
      for (const { runtimeId, leftAlone, kept } of await this.known.lookUp(due)) {
        const runtime = this.known.get(runtimeId);
        if (runtime === undefined) continue;
        const isOurs = !runtime.leftAlone && kept !== undefined && wordsOf(kept) === runtime.words;
        runtime.leftAlone = leftAlone;
        if (leftAlone || isOurs) continue;
        runtime.words = '';
        this.changed.add(runtimeId);
      }
    } catch (error) {
      for (const runtimeId of due) this.announcedOnes.add(runtimeId);
      this.options.onFailed(error);
    }
  }

  private async learn(due: ReadonlySet<string>): Promise<boolean> {
    try {
      await this.known.learn(due);
      return true;
    } catch (error) {
      for (const runtimeId of due) this.changed.add(runtimeId);
      this.options.onFailed(error);
      return false;
    }
  }

  private async judge(runtimeId: string): Promise<void> {
    const runtime = this.known.get(runtimeId);
    if (runtime === undefined || runtime.leftAlone) return;
    const sight = this.options.sight(runtime.backend);
    if (sight.is === 'not_yet') {
      this.changed.add(runtimeId);
      return;
    }
    const seen = this.options.facts.seen(runtimeId, runtime.backend);
    if (!isGone(seen)) runtime.wasSeen = true;
    if (!runtime.wasSeen) return;
    const record = this.recordOf(runtimeId, runtime, { sight, seen });
    this.options.onJudged(record.health);
    try {
      await this.keep(runtime, sight.is === 'clear' && isGone(seen) ? await this.whenGone(record) : record);
    } catch (error) {
      this.changed.add(runtimeId);
      this.options.onFailed(error, record);
    }
  }

  private recordOf(
    runtimeId: string,
    { tenantId, backend }: KnownRuntime,
    { sight, seen }: { sight: Sight; seen: SeenRuntime },
  ): HealthRecord {
    const { views, ageSeconds, usage } = this.options;
    const { namespace, pods, rollingOut } = seen;
    const at = new Date(Date.now() - ageSeconds() * 1000).toISOString();
    const health = judgeRuntime({ adapter: backend, view: views.get(backend), sight, seen });
    const facts = { runtimeId, tenantId, namespace, pods: shortened(pods), observedAt: at };
    return {
      runtimeId,
      tenantId,
      health,
      signals: signalsOf({ health, pods, usage: usage(namespace, pods), at }),
      facts: { ...facts, ...(rollingOut && { rollingOut }) },
    };
  }

  /** Whether it is wrong that nothing is there depends on what is being done to the runtime now. */
  private async whenGone(record: HealthRecord): Promise<HealthRecord | undefined> {
    const { runtimeId, health } = record;
    const [row] = await this.known.lookUp([runtimeId]);
    const runtime = this.known.get(runtimeId);
    if (row === undefined || runtime === undefined) return undefined;
    runtime.leftAlone = row.leftAlone;
    if (row.leftAlone) return undefined;
    if (!WITHOUT_OBJECTS.includes(row.phase)) return record;
    const reason = 'Nothing of it is in the cluster.';
    return { ...record, signals: {}, health: { ...health, status: 'unknown', reason } };
  }

  private async keep(runtime: KnownRuntime, record: HealthRecord | undefined): Promise<void> {
    if (record === undefined) return;
    const { runtimeId, health, signals } = record;
    const words = wordsOf(health);
    if (runtime.words === words) return this.signals.offer({ runtimeId, runtime, signals });
    const saved = await this.options.save(record);
    if (saved === 'unknown_runtime') return this.known.forget(runtimeId);
    runtime.leftAlone = saved === 'left_alone';
    if (runtime.leftAlone) return;
    noteWritten(runtime, signals);
    runtime.words = words;
    if (saved === 'changed') this.options.onTransition(record);
  }
}

/** Of very many pods the ones that are not ready are worth keeping. */
function shortened(pods: readonly PodFacts[]): readonly PodFacts[] {
  return [...pods].sort((a, b) => Number(a.ready) - Number(b.ready)).slice(0, MOST_PODS_KEPT);
}
