import { Gauge, type Registry } from 'prom-client';
import type { Waiting } from '../db/waiting.ts';
import type { Log } from '../process/log.ts';

interface WaitingSource {
  readonly read: () => Promise<readonly Waiting[]>;
  readonly log: Log;
}

/** Adds what waits for a person, read when somebody asks for the metrics; without the database there is no value, not an old one. */
export function measureWaiting(registry: Registry, source: WaitingSource): void {
  addGauge(registry, source, {
    name: 'runtimeai_operations_waiting',
    help: 'Operations that wait for a person in this stage, of all tenants',
    measure: waits => waits.waiting,
  });
  addGauge(registry, source, {
    name: 'runtimeai_operations_waiting_oldest_seconds',
    help: 'How long the oldest operation has waited for a person in this stage, of all tenants',
    measure: waits => waits.oldestSeconds,
  });
}

const WAITING_STAGES = ['awaiting_approval', 'needs_attention'] as const;

function addGauge(
  registry: Registry,
  { read, log }: WaitingSource,
  { name, help, measure }: { name: string; help: string; measure: (waits: Waiting) => number },
): void {
  new Gauge({
    name,
    help,
    labelNames: ['stage'] as const,
    registers: [registry],
    async collect() {
      try {
        const found = await read();
        for (const stage of WAITING_STAGES) {
          const waits = found.find(each => each.stage === stage);
          this.set({ stage }, waits ? measure(waits) : 0);
        }
      } catch (error) {
        this.reset();
        log.warn({ err: error }, `${name} could not be read from the database`);
      }
    },
  });
}
