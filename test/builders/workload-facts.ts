import type { PodFacts, WorkloadFacts } from '../../domain/health.ts';

/** The moment at which tests judge. */
export const NOW = '2026-01-01T12:00:00.000Z';

/** ISO 8601, so many seconds before `NOW`. */
export function secondsAgo(seconds: number): string {
  return new Date(Date.parse(NOW) - seconds * 1000).toISOString();
}

/** A pod of the current template that has been ready for a minute, but for what is said otherwise. */
export function pod(fields: Partial<PodFacts> = {}): PodFacts {
  const name = fields.name ?? 'agent-1';
  const ready = fields.ready ?? true;
  return {
    name,
    uid: name,
    templateHash: 'current',
    phase: 'Running',
    ready,
    terminating: false,
    restarts: 0,
    ...(ready ? { readySince: secondsAgo(60) } : {}),
    ...fields,
  };
}

/** Facts of a runtime with two ready pods, just observed, but for what is said otherwise. */
export function workload(fields: Partial<WorkloadFacts> = {}): WorkloadFacts {
  const pods = fields.pods ?? [pod({ name: 'agent-1' }), pod({ name: 'agent-2' })];
  const ready = pods.filter(one => one.ready).length;
  return {
    runtimeId: 'rt_1',
    tenantId: 'acme',
    namespace: 'rtai-acme--default',
    name: 'agent',
    operationId: 'op_1',
    generation: 3,
    observedGeneration: 3,
    desiredReplicas: 2,
    replicas: pods.length,
    updatedReplicas: pods.filter(one => one.templateHash === 'current').length,
    readyReplicas: ready,
    availableReplicas: ready,
    currentTemplateHash: 'current',
    observedAt: secondsAgo(1),
    ...fields,
    pods,
  };
}
