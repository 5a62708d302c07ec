import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Counts and times every activity of a worker by type and result, for dashboards and alerts. */
export function countActivities(registry: Registry): ActivityInterceptorsFactory {
  const labels = ['activity', 'result'] as const;
  const ended = new Counter({
    name: 'runtimeai_activities_total',
    help: 'Activity attempts that ended',
    labelNames: labels,
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'runtimeai_activity_seconds',
    help: 'Duration of an activity attempt',
    labelNames: labels,
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300],
    registers: [registry],
  });
  const running = new Gauge({
    name: 'runtimeai_activities_running',
    help: 'Activity attempts under way',
    labelNames: ['activity'],
    registers: [registry],
  });

  return context => ({
    inbound: {
      async execute(input, next) {
        const activity = context.info.activityType;
        const stop = seconds.startTimer();
        running.inc({ activity });
        const end = (result: string) => {
          running.dec({ activity });
          stop({ activity, result });
          ended.inc({ activity, result });
        };
        try {
          const output = await next(input);
          end('ok');
          return output;
        } catch (error) {
          end(context.cancellationSignal.aborted ? 'cancelled' : 'error');
          throw error;
        }
      },
    },
  });
}
