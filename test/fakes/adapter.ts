import type { RuntimeAdapter } from '../../adapters/adapter.ts';

/** An adapter that does nothing, with whatever a test wants to be different. */
export function fakeAdapter(differing: Partial<RuntimeAdapter> = {}): RuntimeAdapter {
  return {
    name: 'fake',
    type: 'sandbox',
    backend: 'custom',
    capabilities: [],
    podSecurity: 'restricted',
    prerequisites: async () => ({ missing: [] }),
    plan: async () => ({ summary: { create: 0, update: 0, unchanged: 0, remove: 0 }, changes: [], base: {} }),
    apply: async () => ({ awaiting: {} }),
    delete: async () => ({ awaiting: {} }),
    observe: async () => ({ status: 'reached', message: 'nothing was to be done' }),
    health: {
      kinds: [],
      keep: object => object,
      judge: () => ({
        status: 'unknown',
        reason: 'nothing is looked at',
        readyPods: 0,
        totalPods: 0,
        desiredReplicas: 0,
        readyReplicas: 0,
      }),
    },
    ...differing,
  };
}
