import type { HealthView, SeenHealth } from '../../../adapters/adapter.ts';

/** Healthy when as many pods are ready as the Deployment wants. */
export const health: HealthView = {
  kinds: [{ apiVersion: 'apps/v1', kind: 'Deployment' }],
  keep: ({ apiVersion, kind, metadata, spec }) => {
    const { replicas = 1 } = spec as { replicas?: number };
    return { apiVersion, kind, metadata, spec: { replicas } };
  },
  judge: ({ objects, pods }): SeenHealth => {
    const [deployment] = objects;
    if (!deployment) return { ...counts(0, 0), status: 'unknown', reason: 'no Deployment was seen' };
    const { replicas } = deployment['spec'] as { replicas: number };
    const living = pods.filter(pod => !pod.terminating);
    const ready = living.filter(pod => pod.ready).length;
    if (replicas === 0 && living.length === 0)
      return { ...counts(0, 0), status: 'stopped', reason: 'no pods are wanted and none run' };
    const status = ready >= replicas && replicas > 0 ? 'healthy' : ready > 0 ? 'degraded' : 'unhealthy';
    return { ...counts(ready, replicas), status, reason: `${ready} of ${replicas} pods are ready` };
  },
};

function counts(ready: number, wanted: number) {
  return { readyPods: ready, totalPods: wanted, readyReplicas: ready, desiredReplicas: wanted };
}
