import type { RouteBody } from '../openapi/route.ts';

type Examples = RouteBody['examples'];

/** Requests that work as they stand. */
export const CHANGE_EXAMPLES = {
  start: { plain: { summary: 'With a reason', value: { reason: 'maintenance is over' } } },
  stop: { plain: { summary: 'With half a minute to end', value: { timeout_seconds: 30 } } },
  scale: {
    size: { summary: 'To a size', value: { size: 'large' } },
    replicas: { summary: 'To a number of replicas', value: { resources: { replicas: 3 } } },
  },
  snapshot: { named: { summary: 'Under a name', value: { name: 'before-upgrade' } } },
  restore: { named: { summary: 'By its name', value: { snapshot: 'before-upgrade' } } },
  migrate: { anywhere: { summary: 'To another node', value: {} } },
  intent: {
    cost: {
      summary: 'A goal with a bound, only tried out',
      value: { goal: 'reduce cost while keeping latency < 50ms', dry_run: true },
    },
  },
  plan: { scale: { summary: 'A number', value: { goal: 'scale to 5' } } },
  execute: {
    two: {
      summary: 'Scale, then restart',
      value: { actions: [{ type: 'scale', params: { resources: { replicas: 2 } } }, { type: 'restart' }] },
    },
  },
} as const satisfies Readonly<Record<string, Examples>>;
