import type { HealthView, SeenHealth } from '../../adapters/adapter.ts';
import { HealthStatus } from '../../domain/health.ts';
import type { Sight } from './sight.ts';
import type { SeenRuntime } from './workload-store.ts';

export interface Judging {
  readonly adapter: string;
  /** Nothing when this process knows no adapter of that name. */
  readonly view: HealthView | undefined;
  readonly sight: Sight;
  readonly seen: SeenRuntime;
}

/** The judgement of a runtime's adapter; `unknown` with the reason where it cannot judge. */
export function judgeRuntime({ adapter, view, sight, seen }: Judging): SeenHealth {
  if (view === undefined)
    return unknown(
      `The observer knows no adapter ${adapter}; name it in RUNTIMEAI_ADAPTERS of every worker.`,
    );
  if (sight.is === 'blind') return unknown(sight.reason);
  if (seen.fault !== undefined) return unknown(seen.fault);
  const judged = judgeWith(adapter, view, seen);
  if (judged.status !== 'unknown' || !isGone(seen)) return judged;
  return {
    ...judged,
    status: 'unhealthy',
    reason: 'Nothing of it is left in the cluster: it was deleted there.',
  };
}

/** Whether nothing of what the adapter names is there. */
export function isGone({ objects, fault }: SeenRuntime): boolean {
  return objects.length === 0 && fault === undefined;
}

/** Adapters come from outside: one that throws or talks nonsense makes its own runtimes unknown, and no others. */
function judgeWith(adapter: string, view: HealthView, { objects, pods }: SeenRuntime): SeenHealth {
  try {
    const judged = view.judge({ objects, pods });
    return isSound(judged)
      ? judged
      : unknown(`The adapter ${adapter} judges with what is no health: ${shortened(JSON.stringify(judged))}`);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return unknown(`The adapter ${adapter} cannot judge what is there: ${words}`);
  }
}

function isSound(judged: SeenHealth): boolean {
  const { status, reason, phase, readyPods, totalPods, desiredReplicas, readyReplicas } = judged;
  return (
    HealthStatus.safeParse(status).success &&
    typeof reason === 'string' &&
    (phase === undefined || typeof phase === 'string') &&
    [readyPods, totalPods, desiredReplicas, readyReplicas].every(isCount)
  );
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 31;
}

function unknown(reason: string): SeenHealth {
  const none = { readyPods: 0, totalPods: 0, desiredReplicas: 0, readyReplicas: 0 };
  return { ...none, status: 'unknown', reason };
}

function shortened(text: string | undefined): string {
  return (text ?? 'nothing').slice(0, 200);
}
