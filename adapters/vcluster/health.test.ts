import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import type { PodFacts } from '../../domain/health.ts';
import { health } from './health.ts';

function workload(
  app: string,
  {
    wanted,
    ready,
    annotations = {},
  }: { wanted: number; ready: number; annotations?: Record<string, string> },
): KubernetesObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: app, labels: { app }, annotations },
    spec: { replicas: wanted, template: 'forgotten' },
    status: { readyReplicas: ready },
  };
}

const pod: PodFacts = {
  name: 'edge-0',
  uid: '1',
  templateHash: '',
  phase: 'Running',
  ready: false,
  terminating: false,
  restarts: 0,
  waiting: { reason: 'ImagePullBackOff', message: '' },
};

const judge = (objects: KubernetesObject[], pods: PodFacts[] = []) => health.judge({ objects, pods });

describe('the health of a vcluster', () => {
  it('is healthy when all of its control plane is ready', () => {
    expect(judge([workload('vcluster', { wanted: 1, ready: 1 })])).toMatchObject({
      status: 'healthy',
      phase: 'Running',
    });
  });

  it('is unhealthy with none ready, and names what a pod waits for', () => {
    const seen = judge([workload('vcluster', { wanted: 1, ready: 0 })], [pod]);
    expect(seen).toMatchObject({ status: 'unhealthy', reason: expect.stringContaining('ImagePullBackOff') });
  });

  it('is degraded while its etcd is not whole', () => {
    const etcd = workload('vcluster-etcd', { wanted: 3, ready: 2 });
    expect(judge([workload('vcluster', { wanted: 2, ready: 2 }), etcd])).toMatchObject({
      status: 'degraded',
    });
  });

  it('is stopped when it is paused and nothing runs, and degraded while something still does', () => {
    const paused = workload('vcluster', { wanted: 0, ready: 0, annotations: { 'loft.sh/paused': 'true' } });
    expect(judge([paused])).toMatchObject({ status: 'stopped', phase: 'Paused' });
    expect(judge([paused], [pod])).toMatchObject({ status: 'degraded', phase: 'Stopping' });
  });

  it('is degraded, not stopped, while a snapshot is restored', () => {
    const restoring = workload('vcluster', {
      wanted: 0,
      ready: 0,
      annotations: { 'loft.sh/restoring': 'true' },
    });
    expect(judge([restoring])).toMatchObject({ status: 'degraded', phase: 'Restoring' });
  });

  it('keeps only what it judges by', () => {
    const kept = health.keep(workload('vcluster', { wanted: 1, ready: 1 }));
    expect(kept['spec']).toEqual({ replicas: 1 });
  });
});
