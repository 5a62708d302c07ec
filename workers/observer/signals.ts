import type { SeenHealth } from '../../adapters/adapter.ts';
import type { PodFacts, Signal } from '../../domain/health.ts';
import { isLiving } from '../../domain/rules/health.ts';
import type { Usage } from './usage-book.ts';

/** The figures of one runtime, by the names and units docs/planner.md knows. */
export type Signals = Readonly<Record<string, Signal>>;

/** What a runtime's figures follow from. */
export interface Figures {
  readonly health: SeenHealth;
  readonly pods: readonly PodFacts[];
  readonly usage: Usage;
  /** ISO 8601. */
  readonly at: string;
}

/** The signals of a runtime; what is not known is left out. Of what nobody can see there are none. */
export function signalsOf({ health, pods, usage, at: ts }: Figures): Signals {
  if (health.status === 'unknown') return {};
  const { desiredReplicas: desired, readyReplicas: ready } = health;
  const restarts = pods.filter(isLiving).reduce((sum, pod) => sum + pod.restarts, 0);
  return {
    replicas: { value: desired, unit: 'replicas', ts },
    ready_replicas: { value: ready, unit: 'replicas', ts },
    ...(desired > 0 && {
      ready_ratio: { value: rounded(Math.min(1, ready / desired), 3), unit: 'ratio', ts },
    }),
    restarts: { value: restarts, unit: 'restarts', ts },
    ...(usage.cpuCores !== undefined && { cpu: { value: rounded(usage.cpuCores, 4), unit: 'cores', ts } }),
    ...(usage.memoryMiB !== undefined && { memory: { value: rounded(usage.memoryMiB, 1), unit: 'MiB', ts } }),
  };
}

/** Figures that never stand still: less than this share, or this little, is no change. */
const WAVERING: Readonly<Record<string, number>> = { cpu: 0.005, memory: 1 };
const NOTICEABLE_SHARE = 0.1;
const REPEATED_AFTER_SECONDS = 60;

/** Whether the signals are worth writing again: a figure came, went or changed noticeably, or usage was last written long ago. */
export function areWorthWriting(
  before: Signals,
  { signals, secondsSince }: { readonly signals: Signals; readonly secondsSince: number },
): boolean {
  const names = new Set([...Object.keys(before), ...Object.keys(signals)]);
  for (const name of names) {
    const [was, is] = [before[name]?.value, signals[name]?.value];
    if (was !== is && isNoticeable(was, is, WAVERING[name])) return true;
  }
  const usage = Object.keys(WAVERING).some(name => name in signals);
  return usage && secondsSince >= REPEATED_AFTER_SECONDS;
}

function isNoticeable(was: unknown, is: unknown, least: number | undefined): boolean {
  if (least === undefined || typeof was !== 'number' || typeof is !== 'number') return true;
  const change = Math.abs(is - was);
  return change > least && change > NOTICEABLE_SHARE * Math.max(was, is);
}

function rounded(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
