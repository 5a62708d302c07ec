import { Gauge, type Registry } from 'prom-client';
import type { HealthService } from './health.service.ts';

/** Adds whether the parts behind the API answer, asked when somebody asks for the metrics. */
export function measureParts(registry: Registry, health: HealthService): void {
  new Gauge({
    name: 'runtimeai_part_up',
    help: 'Whether a part behind the API answers: 1 or 0',
    labelNames: ['part'] as const,
    registers: [registry],
    async collect() {
      const { parts } = await health.read();
      for (const [part, { status }] of Object.entries(parts)) this.set({ part }, status === 'ok' ? 1 : 0);
    },
  });
}
