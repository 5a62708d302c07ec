import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import type { PodFacts } from '../../domain/health.ts';
import { sandboxHealth } from './health.ts';

const READY = { type: 'Ready', status: 'True', reason: 'DependenciesReady' };

function sandbox(operatingMode: string, conditions: readonly object[], name = 'box'): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Sandbox',
    metadata: { name },
    spec: { operatingMode },
    status: { conditions },
  };
}

function claim(sandboxName: string, conditions: readonly object[], power = 'running'): KubernetesObject {
  const metadata = { name: 'box', annotations: { 'runtimeai.dev/power': power } };
  return {
    apiVersion: 'v1',
    kind: 'SandboxClaim',
    metadata,
    status: { conditions, sandbox: { name: sandboxName } },
  };
}

function pod(name: string, more: Partial<PodFacts> = {}): PodFacts {
  return {
    name,
    uid: name,
    templateHash: '',
    phase: 'Running',
    ready: true,
    terminating: false,
    restarts: 0,
    ...more,
  };
}

const { judge } = sandboxHealth;

describe('a sandbox is judged', () => {
  it('healthy when it and its pod are ready, whatever a stale condition Suspended says', () => {
    const stale = { type: 'Suspended', status: 'True' };
    const seen = { objects: [sandbox('Running', [stale, READY])], pods: [pod('box')] };
    expect(judge(seen)).toMatchObject({ status: 'healthy', readyReplicas: 1, desiredReplicas: 1 });
  });

  it('stopped when it shall not run, while its pod ends too', () => {
    const objects = [sandbox('Suspended', [])];
    expect(judge({ objects, pods: [] })).toMatchObject({ status: 'stopped', phase: 'Suspended' });
    expect(judge({ objects, pods: [pod('box')] })).toMatchObject({ status: 'stopped', phase: 'Suspending' });
  });

  it('degraded while it comes up, unhealthy when its container does not', () => {
    const objects = [
      sandbox('Running', [{ ...READY, status: 'False', message: 'Pod is Running but not Ready' }]),
    ];
    expect(judge({ objects, pods: [pod('box', { ready: false })] })).toMatchObject({
      status: 'degraded',
      reason: 'Pod is Running but not Ready',
    });
    const waiting = { reason: 'CrashLoopBackOff', message: 'back-off' };
    expect(judge({ objects, pods: [pod('box', { ready: false, waiting })] })).toMatchObject({
      status: 'unhealthy',
      reason: 'box: CrashLoopBackOff, back-off',
    });
  });

  it('unhealthy when its program has ended or its Sandbox is gone', () => {
    const finished = { type: 'Finished', status: 'True' };
    expect(judge({ objects: [sandbox('Running', [finished])], pods: [] })).toMatchObject({
      phase: 'Finished',
    });
    expect(judge({ objects: [], pods: [] })).toMatchObject({ status: 'unhealthy', phase: 'Gone' });
  });
});

describe('a claimed sandbox is judged', () => {
  it('by its claim and the pod of its own Sandbox, never by idle ones', () => {
    const objects = [claim('box-x1', [READY])];
    expect(judge({ objects, pods: [pod('box-y2')] })).toMatchObject({ status: 'degraded' });
    expect(judge({ objects, pods: [pod('box-y2'), pod('box-x1')] })).toMatchObject({
      status: 'healthy',
      totalPods: 1,
    });
  });

  it('stopped when that is what was wanted of it', () => {
    const suspended = { ...READY, status: 'False', reason: 'SandboxSuspended' };
    expect(judge({ objects: [claim('box-x1', [suspended], 'stopped')], pods: [] })).toMatchObject({
      status: 'stopped',
    });
  });
});
