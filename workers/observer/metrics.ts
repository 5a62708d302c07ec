import { Counter, Gauge, type Registry } from 'prom-client';
import type { ClusterWatch } from './cluster-watch.ts';

/** What an operator alerts on: how old the facts are, how often watches begin again, what was judged. */
export function createObserverMetrics(registry: Registry) {
  const registers = [registry];
  return {
    restarts: new Counter({
      name: 'runtimeai_observer_watch_restarts_total',
      help: 'Watches that began again after a cut, silence, an expired version or a malformed answer',
      labelNames: ['kind', 'relist'] as const,
      registers,
    }),
    judgements: new Counter({
      name: 'runtimeai_observer_judgements_total',
      help: 'Judgements of runtimes by status',
      labelNames: ['status'] as const,
      registers,
    }),
    transitions: new Counter({
      name: 'runtimeai_observer_transitions_total',
      help: 'Runtimes whose status became another, by the new status',
      labelNames: ['status'] as const,
      registers,
    }),
    saveFailures: new Counter({
      name: 'runtimeai_observer_save_failures_total',
      help: 'Judgements and heartbeats the database did not take',
      registers,
    }),
  };
}

/** Adds the age and size of each watch, read when somebody asks; a kind that is not installed has none. */
export function measureWatches(registry: Registry, watch: ClusterWatch): void {
  new Gauge({
    name: 'runtimeai_observer_age_seconds',
    help: 'How long ago the watch of this kind was last heard',
    labelNames: ['kind'] as const,
    registers: [registry],
    collect() {
      this.reset();
      for (const { kind, ageSeconds } of watch.kinds()) this.set({ kind }, ageSeconds);
    },
  });
  new Gauge({
    name: 'runtimeai_observer_objects',
    help: 'Objects of this kind that are watched',
    labelNames: ['kind'] as const,
    registers: [registry],
    collect() {
      this.reset();
      for (const { kind, count } of watch.kinds()) this.set({ kind }, count);
    },
  });
}
