import { describe, expect, it } from 'vitest';
import type { HealthView } from '../../adapters/adapter.ts';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import { observeDeployment, observePod, observeReplicaSet } from '../../clients/kubernetes/workloads.ts';
import { keeperOf } from './seen-objects.ts';
import { WorkloadStore } from './workload-store.ts';

const LABELS = { 'runtimeai.dev/runtime': 'rt_1', 'runtimeai.dev/tenant': 'acme' };

function deployment(fields: { revision?: string; uid?: string; status?: object } = {}): KubernetesObject {
  const { revision = '2', uid = 'd1', status = {} } = fields;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'agent',
      namespace: 'ns',
      uid,
      generation: 5,
      labels: LABELS,
      annotations: { 'deployment.kubernetes.io/revision': revision, 'runtimeai.dev/operation': 'op_1' },
    },
    spec: { replicas: 2 },
    status,
  };
}

function replicaSet(revision: string, hash: string): KubernetesObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `agent-${hash}`,
      namespace: 'ns',
      uid: hash,
      labels: { ...LABELS, 'pod-template-hash': hash },
      annotations: { 'deployment.kubernetes.io/revision': revision },
      ownerReferences: [{ kind: 'Deployment', name: 'agent', uid: 'd1' }],
    },
  };
}

function podObject(name: string, status: object, namespace = 'ns'): KubernetesObject {
  const metadata = { name, namespace, uid: name, labels: { ...LABELS, 'pod-template-hash': 'new' } };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName: 'n1' }, status };
}

function setUp(ageSeconds = 0) {
  const changed: string[] = [];
  const store = new WorkloadStore(
    () => ageSeconds,
    runtimeId => changed.push(runtimeId),
  );
  const put = (object: KubernetesObject) => {
    if (object.kind === 'Deployment')
      store.changeDeployment({ type: 'put', object: observeDeployment(object) });
    if (object.kind === 'ReplicaSet')
      store.changeReplicaSet({ type: 'put', object: observeReplicaSet(object) });
    if (object.kind === 'Pod') store.changePod({ type: 'put', object: observePod(object) });
  };
  return { store, changed, put };
}

describe('WorkloadStore', () => {
  it('puts the facts of a runtime together, with the template of the Deployment’s own revision', () => {
    const { store, put } = setUp();
    put(replicaSet('1', 'old'));
    put(replicaSet('2', 'new'));
    put(deployment({ status: { observedGeneration: 5, updatedReplicas: 2, readyReplicas: 1 } }));
    put(
      podObject('agent-1', {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: 't' }],
      }),
    );
    expect(store.read('rt_1')).toMatchObject({
      tenantId: 'acme',
      operationId: 'op_1',
      generation: 5,
      observedGeneration: 5,
      desiredReplicas: 2,
      updatedReplicas: 2,
      readyReplicas: 1,
      availableReplicas: 0,
      currentTemplateHash: 'new',
      pods: [{ name: 'agent-1', ready: true, readySince: 't', nodeName: 'n1' }],
    });
  });

  it('has no facts before the Deployment was seen, nor before everything was listed', () => {
    const { store, put } = setUp();
    put(podObject('agent-1', {}));
    expect(store.read('rt_1')).toBeUndefined();
    const blind = setUp(Number.POSITIVE_INFINITY);
    blind.put(deployment());
    expect(blind.store.read('rt_1')).toBeUndefined();
  });

  it('says when it last heard, not when somebody asked', () => {
    const { store, put } = setUp(7);
    put(deployment());
    const age = Date.now() - Date.parse(store.read('rt_1')?.observedAt ?? '');
    expect(age).toBeGreaterThanOrEqual(7000);
    expect(age).toBeLessThan(8000);
  });

  it('does not mix in pods of another namespace', () => {
    const { store, put } = setUp();
    put(deployment());
    put(podObject('stray', {}, 'elsewhere'));
    expect(store.read('rt_1')?.pods).toEqual([]);
  });

  it('tells those who listen to a runtime, until they stop', () => {
    const { store, changed, put } = setUp();
    let heard = 0;
    const stop = store.onChange('rt_1', () => {
      heard += 1;
    });
    store.onChange('rt_2', () => {
      heard += 100;
    });
    put(deployment());
    put(podObject('agent-1', {}));
    stop();
    put(podObject('agent-2', {}));
    expect(heard).toBe(2);
    expect(changed).toEqual(['rt_1', 'rt_1', 'rt_1']);
  });

  it('forgets a runtime of which nothing is left', () => {
    const { store, put } = setUp();
    put(deployment());
    store.changeDeployment({ type: 'removed', object: observeDeployment(deployment()) });
    expect(store.read('rt_1')).toBeUndefined();
  });
});

describe('what an adapter sees', () => {
  const labels = { ...LABELS };
  const sandbox = (name: string, namespace = 'ns'): KubernetesObject => ({
    apiVersion: 'agents.x-k8s.io/v1beta1',
    kind: 'Sandbox',
    metadata: { name, namespace, uid: name, labels },
    spec: { image: 'x' },
  });
  const view = (keep: HealthView['keep']): HealthView => ({
    kinds: [{ apiVersion: 'agents.x-k8s.io/v1beta1', kind: 'Sandbox' }],
    keep,
    judge: () => {
      throw new Error('nobody judges here');
    },
  });
  const views = new Map([
    [
      'thrifty',
      view(({ apiVersion, kind, metadata: { name } }) => ({ apiVersion, kind, metadata: { name } })),
    ],
    ['clumsy', view(() => JSON.parse('nothing'))],
  ]);

  function follow() {
    const { store, changed, put } = setUp();
    const keep = keeperOf({ apiVersion: 'agents.x-k8s.io/v1beta1', kind: 'Sandbox' }, views);
    const change = (type: 'put' | 'removed', object: KubernetesObject) => {
      if (keep) store.changeObject({ type, object: keep(object) });
    };
    return { store, changed, put, change };
  }

  it('is what it keeps of its objects, with the pods of their namespace', () => {
    const { store, put, change } = follow();
    change('put', sandbox('box'));
    put(podObject('box', {}));
    put(podObject('stray', {}, 'elsewhere'));
    const seen = store.seen('rt_1', 'thrifty');
    expect(seen.objects).toEqual([
      { apiVersion: 'agents.x-k8s.io/v1beta1', kind: 'Sandbox', metadata: { name: 'box' } },
    ]);
    expect(seen.pods.map(({ name }) => name)).toEqual(['box']);
    expect(seen).toMatchObject({ namespace: 'ns', fault: undefined });
    expect(store.tenantOf('rt_1')).toBe('acme');
    expect(store.seen('rt_1', 'unconcerned').objects).toEqual([]);
  });

  it('has the fault in it when the adapter stumbled over an object', () => {
    const { store, change } = follow();
    change('put', sandbox('box'));
    expect(store.seen('rt_1', 'clumsy')).toMatchObject({
      objects: [],
      fault: expect.stringContaining('clumsy cannot read Sandbox box'),
    });
  });

  it('wakes no rollout, and goes with its objects', () => {
    const { store, changed, change } = follow();
    store.onChange('rt_1', () => {
      throw new Error('a rollout was woken');
    });
    change('put', sandbox('box'));
    change('removed', sandbox('box'));
    expect(changed).toEqual(['rt_1', 'rt_1']);
    expect(store.seen('rt_1', 'thrifty').objects).toEqual([]);
    expect(store.tenantOf('rt_1')).toBeUndefined();
  });
});

describe('the nodes', () => {
  it('are those with pods of runtimes', () => {
    const { store, put } = setUp();
    put(podObject('a', {}));
    expect([...store.nodes()]).toEqual(['n1']);
  });
});

describe('observePod', () => {
  const container = (state: object, lastState: object = {}) => ({
    phase: 'Running',
    containerStatuses: [{ name: 'agent', restartCount: 2, state, lastState }],
  });

  it('keeps what a container waits for and how it last ended', () => {
    const waiting = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s' } };
    const ended = { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: '2026-01-01T00:00:00Z' } };
    expect(observePod(podObject('a', container(waiting, ended))).facts).toMatchObject({
      restarts: 2,
      ready: false,
      waiting: { reason: 'CrashLoopBackOff' },
      lastTermination: { exitCode: 137, reason: 'OOMKilled' },
    });
  });

  it('does not call it a reason that a container is being made', () => {
    const creating = container({ waiting: { reason: 'ContainerCreating' } });
    expect(observePod(podObject('a', creating)).facts.waiting).toBeUndefined();
  });

  it('keeps why a pod finds no node', () => {
    const conditions = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' },
    ];
    const { facts } = observePod(podObject('a', { phase: 'Pending', conditions }));
    expect(facts.waiting).toEqual({ reason: 'Unschedulable', message: '0/3 nodes' });
  });
});

describe('observeDeployment', () => {
  it('keeps that it gave up, and since when its pods are refused', () => {
    const conditions = [
      { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' },
      {
        type: 'ReplicaFailure',
        status: 'True',
        reason: 'FailedCreate',
        message: 'quota',
        lastTransitionTime: 't',
      },
    ];
    expect(observeDeployment(deployment({ status: { conditions } })).facts).toMatchObject({
      stalled: { reason: 'ProgressDeadlineExceeded' },
      replicaFailure: { message: 'quota', since: 't' },
    });
  });

  it.each([
    ['before its controller has seen it', [], true],
    [
      'while pods of the new template come up',
      [{ type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' }],
      true,
    ],
    [
      'never again once they have been up',
      [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }],
      undefined,
    ],
    [
      'not when it gave up',
      [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
      undefined,
    ],
  ])('is rolling out %s', (_when, conditions, rollingOut) => {
    const { facts } = observeDeployment(deployment({ status: { observedGeneration: 1000, conditions } }));
    expect(facts.rollingOut).toBe(rollingOut);
  });
});
