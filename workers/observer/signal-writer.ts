import type { ObservedSignals } from '../../db/health.ts';
import type { KnownRuntime } from './known-runtimes.ts';
import { areWorthWriting, type Signals } from './signals.ts';

export interface SignalWriterOptions {
  readonly saveSignals: (tenantId: string, observed: readonly ObservedSignals[]) => Promise<void>;
  /** The database did not take the signals of these runtimes. */
  readonly onFailed: (error: unknown, runtimeIds: readonly string[]) => void;
}

interface Due {
  readonly runtimeId: string;
  readonly runtime: KnownRuntime;
  readonly signals: Signals;
}

/** Writes signals whose runtime is judged as before: those that are worth it, of one tenant in one statement. */
export class SignalWriter {
  private due: Due[] = [];
  private readonly options: SignalWriterOptions;

  constructor(options: SignalWriterOptions) {
    this.options = options;
  }

  /** Notes the signals of a runtime, to be written if they are worth it. */
  offer(due: Due): void {
    const { runtime, signals } = due;
    const secondsSince = (performance.now() - runtime.signalsAt) / 1000;
    if (areWorthWriting(runtime.signals, { signals, secondsSince })) this.due.push(due);
  }

  /** Writes what was noted. */
  async flush(): Promise<void> {
    const tenants = Map.groupBy(this.due, ({ runtime }) => runtime.tenantId);
    this.due = [];
    for (const [tenantId, due] of tenants) {
      try {
        const observed = due.map(({ runtimeId, signals }) => ({ runtimeId, signals }));
        await this.options.saveSignals(tenantId, observed);
        for (const { runtime, signals } of due) noteWritten(runtime, signals);
      } catch (error) {
        this.options.onFailed(
          error,
          due.map(({ runtimeId }) => runtimeId),
        );
      }
    }
  }
}

/** Notes what the database has now. */
export function noteWritten(runtime: KnownRuntime, signals: Signals): void {
  runtime.signals = signals;
  runtime.signalsAt = performance.now();
}
