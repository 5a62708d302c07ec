import { fieldsOf, type KubernetesObject, numberOf } from '../../clients/kubernetes/objects.ts';
import type { PodFacts } from '../../domain/health.ts';
import { isLiving } from '../../domain/rules/health.ts';
import type { HealthView, Seen, SeenHealth } from '../adapter.ts';
import { PAUSED, RESTORING } from './names.ts';

/** What the observer follows of a virtual cluster: its control plane, in either shape, and its etcd. */
export const health: HealthView = {
  kinds: [
    { apiVersion: 'apps/v1', kind: 'StatefulSet' },
    { apiVersion: 'apps/v1', kind: 'Deployment' },
  ],
  keep,
  judge,
};

function keep({ apiVersion, kind, metadata, ...rest }: KubernetesObject): KubernetesObject {
  const { replicas } = fieldsOf(rest['spec']);
  const status = fieldsOf(rest['status']);
  const { managedFields: _managedFields, ...kept } = metadata;
  return {
    apiVersion,
    kind,
    metadata: kept,
    spec: { replicas },
    status: { readyReplicas: status['readyReplicas'], observedGeneration: status['observedGeneration'] },
  };
}

function judge({ objects, pods }: Seen): SeenHealth {
  const controlPlane = objects.find(object => object.metadata.labels?.['app'] === 'vcluster');
  if (controlPlane === undefined)
    return judged('unhealthy', { reason: 'its control plane does not exist', phase: 'Missing' });
  const annotations = controlPlane.metadata.annotations ?? {};
  const living = pods.filter(isLiving);
  const desired = numberOf(fieldsOf(controlPlane['spec'])['replicas']);
  if (annotations[RESTORING] === 'true')
    return judged('degraded', { reason: 'a snapshot is being restored', phase: 'Restoring' });
  if (annotations[PAUSED] === 'true' || desired === 0)
    return judgeStopped(living, annotations[PAUSED] === 'true' ? 'Paused' : 'ScaledDown');
  return judgeRunning(objects, controlPlane, living);
}

function judgeStopped(living: readonly PodFacts[], phase: string): SeenHealth {
  if (living.length === 0) return judged('stopped', { reason: 'it is paused and no pod of it runs', phase });
  const reason = `it is paused, but ${living.length} pods still run`;
  return { ...judged('degraded', { reason, phase: 'Stopping' }), totalPods: living.length };
}

function judgeRunning(
  objects: readonly KubernetesObject[],
  controlPlane: KubernetesObject,
  living: readonly PodFacts[],
): SeenHealth {
  const desired = numberOf(fieldsOf(controlPlane['spec'])['replicas']);
  const ready = Math.min(desired, readyOf(controlPlane));
  const etcd = objects.find(object => object.metadata.labels?.['app'] === 'vcluster-etcd');
  const etcdMisses = etcd === undefined ? 0 : numberOf(fieldsOf(etcd['spec'])['replicas']) - readyOf(etcd);
  const counted = `${ready} of ${desired} control plane pods are ready`;
  const counts = { readyPods: ready, totalPods: desired, readyReplicas: ready, desiredReplicas: desired };
  if (ready === desired && etcdMisses <= 0)
    return { ...judged('healthy', { reason: counted, phase: 'Running' }), ...counts };
  const reason = `${counted}${etcdMisses > 0 ? `, ${etcdMisses} of its etcd are not` : ''}${stuckOf(living)}`;
  const status = ready === 0 ? 'unhealthy' : 'degraded';
  return { ...judged(status, { reason, phase: 'Unready' }), ...counts };
}

function readyOf(workload: KubernetesObject): number {
  return numberOf(fieldsOf(workload['status'])['readyReplicas']);
}

function stuckOf(living: readonly PodFacts[]): string {
  const stuck = living.find(pod => pod.waiting !== undefined);
  return stuck?.waiting ? `; ${stuck.name}: ${stuck.waiting.reason}` : '';
}

function judged(
  status: SeenHealth['status'],
  { reason, phase }: { reason: string; phase: string },
): SeenHealth {
  return { status, reason, phase, readyPods: 0, totalPods: 0, readyReplicas: 0, desiredReplicas: 0 };
}
