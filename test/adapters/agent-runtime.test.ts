import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slotNamespace, slotObjects } from '../../activities/slot-objects.ts';
import { readAgent } from '../../adapters/agent-runtime/live.ts';
import { createReleaseStorage } from '../../clients/helm/storage.ts';
import { fieldsOf, type KubernetesObject } from '../../clients/kubernetes/objects.ts';
import { ask, type KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { AgentConfig } from '../../domain/agent-config.ts';
import type { Change, Desired, RuntimeTarget } from '../../domain/change.ts';
import { newId } from '../../domain/ids.ts';
import { OPERATION_ANNOTATION, RUNTIME_LABEL } from '../../domain/rules/labels.ts';
import { namespaceOf } from '../../domain/rules/slot.ts';
import { ROOMY } from '../builders/slot-quota.ts';
import { testHelm } from '../helm/world.ts';
import { testCluster } from '../kubernetes/cluster.ts';
import { until } from '../until.ts';
import { agent, agentRuntimeAdapter, releasesOf } from './agent-runtime-world.ts';
import { Walker } from './conformance/walker.ts';

const STOP = { verb: 'stop', force: false } as const;
const SCALING = {
  min_replicas: 2,
  max_replicas: 5,
  target_cpu_utilization: 70,
  target_memory_utilization: 80,
};

let kubernetes: KubernetesClient;
const namespaces: string[] = [];

beforeAll(async () => {
  kubernetes = await testCluster();
});

afterAll(async () => {
  for (const name of namespaces) await kubernetes.delete({ apiVersion: 'v1', kind: 'Namespace', name });
  kubernetes.connection.close();
});

describe('an agent that scales by itself', () => {
  it('stops although the autoscaler owns the number, and starts with exactly that number and autoscaler', async () => {
    const { walker, target } = await made({ auto_scaling: SCALING });
    await autoscalerSets(target, 4);
    const autoscaler = await autoscalerOf(target);
    await walker.walk(STOP, running({ auto_scaling: SCALING }, 'stopped'));
    expect(await autoscalerOf(target)).toBeUndefined();
    expect(await podNames(target)).toEqual([]);

    await walker.walk({ verb: 'start' }, running({ auto_scaling: SCALING }));
    expect(await replicasOf(target)).toBe(4);
    expect((await autoscalerOf(target))?.['spec']).toEqual(autoscaler?.['spec']);
  });

  it('keeps its pods when it begins to scale by itself, and when it ends to', async () => {
    const { walker, target } = await made({ replicas: 3 });
    const before = await podNames(target);
    await walker.walk({ verb: 'tune_policy' }, running({ replicas: 3, auto_scaling: SCALING }));
    expect(await podNames(target)).toEqual(before);
    await autoscalerSets(target, 5);
    await walker.walk({ verb: 'tune_policy' }, running({ replicas: 3 }));
    expect(await autoscalerOf(target)).toBeUndefined();
    expect(await replicasOf(target)).toBe(3);
  });

  it('has its number again when the stop is taken back', async () => {
    const { walker, target } = await made({ auto_scaling: SCALING });
    await autoscalerSets(target, 4);
    const step = walker.step(STOP, running({ auto_scaling: SCALING }, 'stopped'));
    const { base } = await walker.adapter.plan(step);
    await walker.begin(step, base);
    await walker.undo(step, base);
    expect(await replicasOf(target)).toBe(4);
    expect(await autoscalerOf(target)).toBeDefined();
  });
});

describe('a restart', () => {
  it('is never short of a ready pod, and no later change restarts the pods again', async () => {
    const { walker, target } = await made();
    const before = await podNames(target);
    const watch = new ReadyWatch(target);
    await walker.walk({ verb: 'restart' });
    expect(await watch.end()).toBeGreaterThanOrEqual(2);
    const restarted = await podNames(target);
    expect(restarted.filter(name => before.includes(name))).toEqual([]);

    await walker.walk({ verb: 'scale' }, running({ replicas: 3 }));
    expect(await podNames(target)).toEqual(expect.arrayContaining(restarted));
  });

  it('that is taken back keeps the pods that are there', async () => {
    const { walker, target } = await made();
    await walker.walk({ verb: 'restart' });
    const before = await podNames(target);
    const step = walker.step({ verb: 'restart' });
    const { base } = await walker.adapter.plan(step);
    await walker.undo(step, base);
    expect(await podNames(target)).toEqual(before);
  });
});

describe('a stop that gives no grace', () => {
  it('ends the pods at once', async () => {
    const { walker, target } = await made();
    await walker.walk({ verb: 'stop', force: true }, running({}, 'stopped'));
    expect(await podNames(target)).toEqual([]);
  });
});

describe('a list of steps', () => {
  it('marks each step, and takes back the last alone', async () => {
    const { walker, target } = await made();
    const first = walker.step({ verb: 'scale' }, running({ replicas: 3 }));
    await walker.reach(first, await walker.begin(first, (await walker.adapter.plan(first)).base));
    walker.now = first.desired;
    const second = {
      ...walker.step({ verb: 'scale' }, running({ replicas: 4 })),
      operationId: first.operationId,
      index: 1,
    };
    const { base } = await walker.adapter.plan(second);
    await walker.reach(second, await walker.begin(second, base));
    expect(await markOfDeployment(target)).toBe(`${first.operationId}.1`);
    expect(await marks(target)).toEqual([expect.any(String), first.operationId, `${first.operationId}.1`]);
    await walker.undo(second, base);
    expect(await replicasOf(target)).toBe(3);
    expect(await markOfDeployment(target)).toBe(first.operationId);
  });
});

describe('a step that was killed', () => {
  it('while Helm worked is finished by its repetition', async () => {
    const { walker, target } = await made();
    const step = walker.step({ verb: 'scale' }, running({ replicas: 3 }));
    const { base } = await walker.adapter.plan(step);
    const killed = new AbortController();
    const first = walker.adapter
      .apply(step, { base, signal: killed.signal })
      .catch((error: unknown) => error);
    await until('Helm has begun', async () => (await revisions(target)).length > 1);
    killed.abort(new Error('the worker was killed'));
    await first;
    await walker.reach(step, await walker.begin(step, base));
    expect(await replicasOf(target)).toBe(3);
    expect((await revisions(target)).filter(revision => revision.endsWith('deployed'))).toHaveLength(1);
  });

  it('after Helm was done makes no second revision', async () => {
    const { walker, target } = await made();
    const releases = releasesOf(kubernetes);
    const dying = agentRuntimeAdapter(kubernetes, {
      releases: {
        ...releases,
        install: async (order, signal) => {
          await releases.install(order, signal);
          throw new Error('the worker was killed');
        },
      },
    });
    const step = walker.step(STOP, running({}, 'stopped'));
    const { base } = await dying.plan(step);
    const signal = new AbortController().signal;
    await expect(dying.apply(step, { base, signal })).rejects.toThrow('killed');
    await walker.reach(step, await walker.begin(step, base));
    expect(await revisions(target)).toEqual(['1 superseded', '2 deployed']);
  });
});

describe('a release that somebody changed by hand', () => {
  it('is not changed over, and says who asked for what', async () => {
    const { walker, target } = await made();
    await testHelm().rollback({ release: target.release, namespace: target.namespace, toRevision: 1 });
    const step = walker.step({ verb: 'scale' }, running({ replicas: 3 }));
    await expect(walker.adapter.plan(step)).rejects.toMatchObject({ code: 'changed_outside' });
    expect(await replicasOf(target)).toBe(2);
  });

  it('is not removed by taking back a create that did not make it', async () => {
    const { target, walker } = await made();
    const stranger = { ...walker.step({ verb: 'create' }), before: null };
    await expect(
      walker.adapter.undo?.(stranger, { base: {}, signal: new AbortController().signal }),
    ).rejects.toMatchObject({ code: 'changed_outside' });
    expect(await replicasOf(target)).toBe(2);
  });
});

describe('what an agent may ask of its nodes', () => {
  it('can be seen in its pods: RuntimeClass, labels and nodes', async () => {
    const name = `strong-${randomBytes(3).toString('hex')}`;
    await kubernetes.create({
      apiVersion: 'node.k8s.io/v1',
      kind: 'RuntimeClass',
      metadata: { name },
      handler: 'runc',
    } as KubernetesObject);
    const adapter = agentRuntimeAdapter(kubernetes, {
      strongRuntimeClass: name,
      compliance: { pci: { nodeSelector: {}, tolerations: [], labels: { 'example.com/pci': 'yes' } } },
    });
    const { target } = await made({ isolation: 'strong', compliance: ['pci'] }, adapter);
    const [pod] = await podsOf(target);
    expect(fieldsOf(pod?.['spec'])['runtimeClassName']).toBe(name);
    expect(pod?.metadata.labels).toMatchObject({ 'example.com/pci': 'yes' });
    await kubernetes.delete({ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', name });
  });
});

/** An agent in a project of its own, created. */
async function made(changes: Partial<AgentConfig> = {}, adapter = agentRuntimeAdapter(kubernetes)) {
  const project = `c${randomBytes(4).toString('hex')}`;
  const target: RuntimeTarget = {
    runtimeId: newId('runtime'),
    runtimeName: 'tried',
    tenantId: 'acme',
    project,
    environment: 'development',
    namespace: namespaceOf('acme', project, adapter.podSecurity),
    release: 'tried',
    type: 'agent_runtime',
    backend: adapter.name,
    labels: {},
  };
  namespaces.push(target.namespace);
  await kubernetes.create(slotNamespace(target, adapter.podSecurity));
  for (const object of slotObjects(target, ROOMY)) await kubernetes.create(object);
  const walker = new Walker({ adapter, target, deadlineSeconds: 60 });
  await walker.walk({ verb: 'create' } satisfies Change, running(changes));
  return { walker, target };
}

function running(changes: Partial<AgentConfig> = {}, power: Desired['power'] = 'running'): Desired {
  return { spec: { agent: agent(changes) }, power };
}

/** Sets the number as the autoscaler's controller does, through the scale subresource. */
async function autoscalerSets({ namespace, release }: RuntimeTarget, replicas: number): Promise<void> {
  await ask(kubernetes.connection, 'Scaling', {
    method: 'PATCH',
    path: `/apis/apps/v1/namespaces/${namespace}/deployments/${release}/scale`,
    query: { fieldManager: 'kube-controller-manager' },
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ spec: { replicas } }),
  });
}

function autoscalerOf({ namespace, release }: RuntimeTarget) {
  return kubernetes.get({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    namespace,
    name: release,
  });
}

async function podsOf({ namespace, runtimeId }: RuntimeTarget) {
  const pods = await kubernetes.list({
    apiVersion: 'v1',
    kind: 'Pod',
    namespace,
    labelSelector: `${RUNTIME_LABEL}=${runtimeId}`,
  });
  return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

async function podNames(target: RuntimeTarget): Promise<string[]> {
  return (await podsOf(target)).map(({ metadata }) => metadata.name).sort();
}

async function replicasOf(target: RuntimeTarget): Promise<number | undefined> {
  return (await readAgent(kubernetes, target))?.facts.desiredReplicas;
}

async function markOfDeployment({ namespace, release: name }: RuntimeTarget): Promise<string | undefined> {
  const deployment = await kubernetes.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name });
  return deployment?.metadata.annotations?.[OPERATION_ANNOTATION];
}

async function marks(target: RuntimeTarget): Promise<(string | undefined)[]> {
  return (await createReleaseStorage(kubernetes).history(target)).map(({ labels }) => labels['rtai-op']);
}

async function revisions(target: RuntimeTarget): Promise<string[]> {
  const history = await createReleaseStorage(kubernetes).history(target);
  return history.map(({ revision, status }) => `${revision} ${status}`);
}

/** Keeps the smallest number of ready pods it has seen until it is ended. */
class ReadyWatch {
  private smallest = Number.POSITIVE_INFINITY;
  private looking = true;
  private readonly watching: Promise<void>;

  constructor(target: RuntimeTarget) {
    this.watching = this.watch(target);
  }

  async end(): Promise<number> {
    this.looking = false;
    await this.watching;
    return this.smallest;
  }

  private async watch(target: RuntimeTarget): Promise<void> {
    while (this.looking) {
      const facts = (await readAgent(kubernetes, target))?.facts;
      const ready = facts?.pods.filter(pod => pod.ready && !pod.terminating).length ?? 0;
      this.smallest = Math.min(this.smallest, ready);
      await delay(20);
    }
  }
}
