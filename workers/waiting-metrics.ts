import { Gauge, type Registry } from 'prom-client';
import type { Waiting } from '../db/waiting.ts';
import type { Log } from '../process/log.ts';

/** Adds what waits for a person, read when somebody asks for the metrics; without the database there is no value, not an old one. */
export function measureWaiting(
  registry: Registry,
  { read, log }: { read: () => Promise<readonly Waiting[]>; log: Log },
): void {
  const oldest = new Gauge({
    name: 'runtimeai_operations_waiting_oldest_seconds',
    help: 'How long the oldest operation has waited for a person in this stage, of all tenants',
    labelNames: ['stage'] as const,
    registers: [registry],
  });
  new Gauge({
    name: 'runtimeai_operations_waiting',
    help: 'Operations that wait for a person in this stage, of all tenants',
    labelNames: ['stage'] as const,
    registers: [registry],
    async collect() {
      this.reset();
      oldest.reset();
      try {
        const found = await read();
        for (const stage of WAITING_STAGES) {
          const waits = found.find(each => each.stage === stage);
          this.set({ stage }, waits?.waiting ?? 0);
          oldest.set({ stage }, waits?.oldestSeconds ?? 0);
        }
      } catch (error) {
        log.warn({ err: error }, 'what waits for a person could not be read for the metrics');
      }
    },
  });
}

const WAITING_STAGES = ['awaiting_approval', 'needs_attention'] as const;
