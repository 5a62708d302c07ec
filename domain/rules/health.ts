import type { Health, HealthStatus, PodFacts, WorkloadFacts } from '../health.ts';

const HEALTHY_SHARE = 0.8;
const DEGRADED_SHARE = 0.5;

/**
 * How well a runtime is, from what was observed: healthy from 80 % of the wanted pods ready, degraded from 50 %, else
 * unhealthy; stopped when none is wanted and none is left. Only pods of the current template make it healthy: pods of
 * an older one that still serve make it degraded at best. Pods that are ending do not count.
 */
export function judgeHealth(facts: WorkloadFacts | undefined): Health {
  if (facts === undefined) return health('unknown', 0, 0, 'nothing has been observed lately');
  const living = facts.pods.filter(isLiving);
  const wanted = count(facts.desiredReplicas);
  if (wanted === 0) return judgeStopped(living);
  if (living.length === 0) return health('unhealthy', 0, wanted, `no pod exists although ${wanted} should`);
  const ready = living.filter(pod => pod.ready);
  const current = ready.filter(pod => pod.templateHash === facts.currentTemplateHash);
  const readyPods = Math.min(current.length, wanted);
  const status = statusOf(readyPods / wanted);
  const counted = `${readyPods} of ${wanted} pods are ready`;
  if (status !== 'healthy' && ready.length > current.length && ready.length / wanted >= DEGRADED_SHARE)
    return health(
      'degraded',
      readyPods,
      wanted,
      `${counted}; ${ready.length - current.length} of the previous version still serve`,
    );
  if (status === 'healthy' && facts.observedGeneration < facts.generation)
    return health('degraded', readyPods, wanted, `${counted}, but the newest change has not been acted upon`);
  return health(status, readyPods, wanted, status === 'healthy' ? counted : withCause(counted, facts));
}

/** Whether a pod still counts: it is neither ending nor over (evicted pods stay listed after they were replaced). */
export function isLiving(pod: PodFacts): boolean {
  return !pod.terminating && pod.phase !== 'Failed' && pod.phase !== 'Succeeded';
}

function judgeStopped(living: readonly PodFacts[]): Health {
  if (living.length === 0) return health('stopped', 0, 0, 'no pods are wanted and none run');
  const ready = living.filter(pod => pod.ready).length;
  return health('degraded', ready, living.length, `no pods are wanted, but ${living.length} still run`);
}

function health(status: HealthStatus, readyPods: number, totalPods: number, reason: string): Health {
  return { status, readyPods, totalPods, reason };
}

function statusOf(share: number): HealthStatus {
  if (share >= HEALTHY_SHARE) return 'healthy';
  return share >= DEGRADED_SHARE ? 'degraded' : 'unhealthy';
}

function withCause(counted: string, facts: WorkloadFacts): string {
  if (facts.replicaFailure) return `${counted}; ${facts.replicaFailure.message}`;
  const stuck = facts.pods.find(pod => isLiving(pod) && pod.waiting !== undefined);
  return stuck?.waiting ? `${counted}; ${stuck.name}: ${stuck.waiting.reason}` : counted;
}

/** Facts come from outside: a negative or absurd number counts as none. */
function count(value: number): number {
  return Number.isFinite(value) && value > 0 ? Math.floor(value) : 0;
}
