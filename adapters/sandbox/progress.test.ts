import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import { type Awaited, progressDown, progressUp } from './progress.ts';

const NOW = Date.parse('2026-01-01T00:01:00Z');
const EARLIER = '2026-01-01T00:00:00Z';

type Condition = Readonly<Record<string, unknown>>;
const READY = { type: 'Ready', status: 'True', reason: 'DependenciesReady', observedGeneration: 2 };

function sandbox(operatingMode: string, conditions: readonly Condition[]): KubernetesObject {
  const metadata = { name: 'box', namespace: 'ns', generation: 2 };
  return { apiVersion: 'v1', kind: 'Sandbox', metadata, spec: { operatingMode }, status: { conditions } };
}

function pod(status: object, uid = 'new'): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'box', namespace: 'ns', uid }, status };
}

const readyPod = (uid?: string) =>
  pod({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }, uid);

function awaited(live: Partial<Awaited['live']>, more: Partial<Awaited> = {}): Awaited {
  const nothing = { claim: undefined, sandbox: undefined, pod: undefined };
  return {
    live: { ...nothing, ...live },
    isPooled: false,
    replacedPod: '',
    unschedulableSeconds: 30,
    now: NOW,
    ...more,
  };
}

describe('on its way up', () => {
  it('is reached when Sandbox and pod are ready, also with a condition Suspended left behind', () => {
    const stale = { type: 'Suspended', status: 'True', reason: 'PodTerminated' };
    const live = { sandbox: sandbox('Running', [stale, READY]), pod: readyPod() };
    expect(progressUp(awaited(live))).toMatchObject({ status: 'reached' });
  });

  it('is not reached by what the controller said of an older specification', () => {
    const live = { sandbox: sandbox('Running', [{ ...READY, observedGeneration: 1 }]), pod: readyPod() };
    expect(progressUp(awaited(live))).toMatchObject({ status: 'progressing' });
  });

  it('is not reached by the pod that has to go', () => {
    const live = { sandbox: sandbox('Running', [READY]), pod: readyPod('old') };
    expect(progressUp(awaited(live, { replacedPod: 'old' }))).toMatchObject({ status: 'progressing' });
  });

  it.each(['InvalidImageName', 'ErrImageNeverPull', 'ImagePullBackOff', 'CreateContainerConfigError'])(
    'has failed with a container that waits for %s',
    reason => {
      const waiting = { state: { waiting: { reason, message: 'why' } } };
      const live = {
        sandbox: sandbox('Running', []),
        pod: pod({ phase: 'Pending', containerStatuses: [waiting] }),
      };
      expect(progressUp(awaited(live))).toMatchObject({
        status: 'failed',
        message: expect.stringContaining(`${reason}, why`),
      });
    },
  );

  it('has failed when no node takes its pod for longer than is patient', () => {
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      lastTransitionTime: EARLIER,
    };
    const live = { sandbox: sandbox('Running', []), pod: pod({ phase: 'Pending', conditions: [condition] }) };
    expect(progressUp(awaited(live))).toMatchObject({ status: 'failed' });
    expect(progressUp(awaited(live, { unschedulableSeconds: 90 }))).toMatchObject({ status: 'progressing' });
  });

  it('has failed when the API server keeps refusing its pod, and not at once', () => {
    const refusal = {
      ...READY,
      status: 'False',
      reason: 'ReconcilerError',
      message: 'pods "box" is forbidden: exceeded quota',
    };
    const since = (lastTransitionTime: string) => ({
      sandbox: sandbox('Running', [{ ...refusal, lastTransitionTime }]),
    });
    expect(progressUp(awaited(since(EARLIER)))).toMatchObject({ status: 'failed' });
    expect(progressUp(awaited(since('2026-01-01T00:00:58Z')))).toMatchObject({ status: 'progressing' });
  });

  it('has failed when its program has ended', () => {
    const live = { sandbox: sandbox('Running', []), pod: pod({ phase: 'Succeeded' }) };
    expect(progressUp(awaited(live))).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('ended'),
    });
  });

  it('has failed when its Sandbox is gone, and waits while a claim has none yet', () => {
    expect(progressUp(awaited({}))).toMatchObject({ status: 'failed' });
    const claim = { apiVersion: 'v1', kind: 'SandboxClaim', metadata: { name: 'box' } };
    expect(progressUp(awaited({ claim }, { isPooled: true }))).toMatchObject({ status: 'progressing' });
    expect(progressUp(awaited({}, { isPooled: true }))).toMatchObject({ status: 'failed' });
  });
});

describe('on its way down', () => {
  const suspended = { type: 'Ready', status: 'False', reason: 'SandboxSuspended', observedGeneration: 2 };

  it('is reached when no pod is left', () => {
    const live = { sandbox: sandbox('Suspended', [suspended]) };
    expect(progressDown(awaited(live))).toMatchObject({ status: 'reached' });
    expect(progressDown(awaited({ ...live, pod: readyPod() }))).toMatchObject({ status: 'progressing' });
  });

  it('has failed when somebody starts it again', () => {
    expect(progressDown(awaited({ sandbox: sandbox('Running', [READY]) }))).toMatchObject({
      status: 'failed',
    });
  });
});
