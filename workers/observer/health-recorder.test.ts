import { describe, expect, it } from 'vitest';
import type { HealthView, SeenHealth } from '../../adapters/adapter.ts';
import type { ObservedSignals, Saved, WatchedRuntime } from '../../db/health.ts';
import type { PodFacts } from '../../domain/health.ts';
import { pod } from '../../test/builders/workload-facts.ts';
import { type HealthRecord, HealthRecorder } from './health-recorder.ts';
import type { Sight } from './sight.ts';
import type { Usage } from './usage-book.ts';

const MACHINE = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: { name: 'm' } };

/** Two pods are wanted; what is not there was deleted. */
const view: HealthView = {
  kinds: [{ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine' }],
  keep: object => object,
  judge: ({ objects, pods }): SeenHealth => {
    const readyPods = pods.filter(one => one.ready).length;
    const counts = { readyPods, totalPods: 2, readyReplicas: readyPods, desiredReplicas: 2 };
    if (objects.length === 0) return { ...counts, status: 'unhealthy', reason: 'its machine is gone' };
    return { ...counts, status: readyPods === 2 ? 'healthy' : 'degraded', reason: `${readyPods} of 2` };
  },
};

/** A recorder over what a test says is there, with a database that remembers and can be told to fail. */
function setUp(views: ReadonlyMap<string, HealthView> = new Map([['vm', view]])) {
  const saved: HealthRecord[] = [];
  const savedSignals: ObservedSignals[] = [];
  const world = {
    fresh: true,
    failing: false,
    failures: 0,
    judged: 0,
    lookUps: 0,
    there: false,
    pods: [pod(), pod({ name: 'agent-2' })] as readonly PodFacts[],
    sight: { is: 'clear' } as Sight,
    usage: {} as Usage,
    row: { runtimeId: 'rt_1', backend: 'vm', phase: 'deployed', leftAlone: false } as
      | Omit<WatchedRuntime, 'kept'>
      | undefined,
    kept: undefined as WatchedRuntime['kept'],
  };
  const save = async (record: HealthRecord): Promise<Saved> => {
    if (world.failing) throw new Error('the database is away');
    if (world.row === undefined) return 'unknown_runtime';
    if (world.row.leftAlone) return 'left_alone';
    saved.push(record);
    const { status } = world.kept ?? {};
    world.kept = { ...record.health, phase: record.health.phase ?? null };
    return status === record.health.status ? 'same' : 'changed';
  };
  const recorder = new HealthRecorder({
    facts: {
      seen: () => ({
        objects: world.there ? [MACHINE] : [],
        pods: world.there ? world.pods : [],
        namespace: 'ns',
        fault: undefined,
        rollingOut: false,
      }),
      tenantOf: () => (world.there ? 'acme' : undefined),
    },
    views,
    ageSeconds: () => (world.fresh ? 1 : 100),
    maxAgeSeconds: 15,
    sight: () => world.sight,
    usage: () => world.usage,
    lookUp: async () => {
      world.lookUps += 1;
      if (world.failing) throw new Error('the database is away');
      return world.row ? [{ ...world.row, kept: world.kept }] : [];
    },
    save,
    saveSignals: async (_tenant, observed) => void savedSignals.push(...observed),
    onJudged: () => {
      world.judged += 1;
    },
    onTransition: () => undefined,
    onFailed: () => {
      world.failures += 1;
    },
  });
  const see = async (pods: readonly PodFacts[] = world.pods) => {
    Object.assign(world, { there: true, pods });
    recorder.changedOf('rt_1');
    await recorder.flush();
  };
  const lose = async () => {
    world.there = false;
    recorder.changedOf('rt_1');
    await recorder.flush();
  };
  const announce = async () => {
    recorder.announced('rt_1');
    await recorder.flush();
  };
  const statuses = () => saved.map(({ health }) => health.status);
  return { recorder, saved, savedSignals, world, see, lose, announce, statuses };
}

const oneReady = [pod(), pod({ name: 'agent-2', ready: false })];
const bothReady = [pod(), pod({ name: 'agent-2' })];
const remembered = { runtimeId: 'rt_1', backend: 'vm', phase: 'deployed', leftAlone: false } as const;
const wasHealthy: WatchedRuntime['kept'] = {
  status: 'healthy',
  readyPods: 2,
  totalPods: 2,
  reason: '2 of 2',
  phase: null,
};

describe('HealthRecorder', () => {
  it('keeps a judgement when it differs from the one before, and only then', async () => {
    const { see, statuses, world } = setUp();
    await see();
    await see();
    await see(oneReady);
    await see(bothReady);
    expect(statuses()).toEqual(['healthy', 'degraded', 'healthy']);
    expect(world.judged).toBe(4);
    expect(world.lookUps).toBe(1);
  });

  it('judges nothing while the facts are too old, and catches up afterwards', async () => {
    const { see, statuses, world, recorder } = setUp();
    world.fresh = false;
    await see();
    expect(statuses()).toEqual([]);
    world.fresh = true;
    await recorder.flush();
    expect(statuses()).toEqual(['healthy']);
  });

  it('tries again what the database did not take', async () => {
    const { see, statuses, world, recorder } = setUp();
    await see();
    world.failing = true;
    await see(oneReady);
    expect(world.failures).toBe(1);
    world.failing = false;
    await recorder.flush();
    await recorder.flush();
    expect(statuses()).toEqual(['healthy', 'degraded']);
  });

  it('tries again to find out whose a runtime is', async () => {
    const { see, statuses, world, recorder } = setUp();
    world.failing = true;
    await see();
    world.failing = false;
    await recorder.flush();
    expect(statuses()).toEqual(['healthy']);
  });

  it('says once that what was deleted behind our back is gone', async () => {
    const { see, lose, saved } = setUp();
    await see();
    await lose();
    await lose();
    expect(saved.map(({ health }) => health.status)).toEqual(['healthy', 'unhealthy']);
    expect(saved[1]).toMatchObject({ health: { reason: 'its machine is gone' }, facts: { pods: [] } });
  });

  it('says so of a runtime that went while no observer looked', async () => {
    const { recorder, statuses } = setUp();
    recorder.remember('acme', { ...remembered, kept: wasHealthy });
    await recorder.flush();
    expect(statuses()).toEqual(['unhealthy']);
  });

  it('says so even if the adapter does not know what nothing means', async () => {
    const clueless: HealthView = {
      ...view,
      judge: seen => ({ ...view.judge(seen), status: 'unknown', reason: 'nothing was seen' }),
    };
    const { see, lose, saved } = setUp(new Map([['vm', clueless]]));
    await see();
    await lose();
    expect(saved.at(-1)?.health).toMatchObject({
      status: 'unhealthy',
      reason: expect.stringContaining('deleted'),
    });
  });

  it('does not take a runtime for gone that is only remembered from before', async () => {
    const { recorder, see, statuses } = setUp();
    recorder.remember('acme', { ...remembered, kept: wasHealthy });
    await see();
    expect(statuses()).toEqual(['healthy']);
  });

  it('calls it unknown, not unhealthy, that a first install was taken back', async () => {
    const { see, lose, world, statuses } = setUp();
    await see();
    world.row = { ...remembered, phase: 'install_failed' };
    await lose();
    expect(statuses()).toEqual(['healthy', 'unknown']);
  });

  it('writes nothing while the runtime is being deleted, and forgets it when it is', async () => {
    const { see, lose, announce, world, statuses, recorder } = setUp();
    await see();
    world.row = { ...remembered, phase: 'deleting', leftAlone: true };
    await announce();
    await see(oneReady);
    await lose();
    world.row = undefined;
    await announce();
    const { lookUps } = world;
    recorder.announced('rt_1');
    await lose();
    expect(world.lookUps).toBe(lookUps);
    expect(statuses()).toEqual(['healthy']);
  });

  it('is silent while its observer is detached, and says how it is once it is attached again', async () => {
    const { see, announce, world, statuses } = setUp();
    await see();
    world.row = { ...remembered, leftAlone: true };
    await announce();
    await see(oneReady);
    expect(statuses()).toEqual(['healthy']);
    world.row = remembered;
    await announce();
    expect(statuses()).toEqual(['healthy', 'degraded']);
  });

  it('says again what somebody else overwrote, and is content with its own words', async () => {
    const { see, announce, world, statuses } = setUp();
    await see(oneReady);
    await announce();
    expect(statuses()).toEqual(['degraded']);
    world.kept = wasHealthy;
    await announce();
    expect(statuses()).toEqual(['degraded', 'degraded']);
  });

  it('asks about a stranger’s runtime once, not at every change', async () => {
    const { see, world, statuses } = setUp();
    world.row = undefined;
    for (let change = 0; change < 5; change += 1) await see();
    expect(world.lookUps).toBe(1);
    expect(statuses()).toEqual([]);
  });

  it('waits with its judgement while a kind is read for the first time', async () => {
    const { see, world, statuses, recorder } = setUp();
    world.sight = { is: 'not_yet' };
    await see();
    expect(statuses()).toEqual([]);
    world.sight = { is: 'clear' };
    await recorder.flush();
    expect(statuses()).toEqual(['healthy']);
  });

  it('says unknown when a kind falls silent though nothing changed, and better when it is heard again', async () => {
    const { see, world, saved, recorder } = setUp();
    await see();
    world.sight = { is: 'blind', reason: 'machines are silent' };
    await recorder.flush();
    world.sight = { is: 'clear' };
    await recorder.flush();
    expect(saved.map(({ health }) => `${health.status}: ${health.reason}`)).toEqual([
      'healthy: 2 of 2',
      'unknown: machines are silent',
      'healthy: 2 of 2',
    ]);
    expect(saved[1]?.signals).toEqual({});
  });

  it.each([
    ['that throws', () => JSON.parse('no health') as never, /cannot judge/],
    ['whose words are no health', () => ({ status: 'splendid' }) as never, /what is no health/],
  ])('says unknown of the runtimes of an adapter %s', async (_, judge, reason) => {
    const { see, saved } = setUp(new Map([['vm', { ...view, judge }]]));
    await see();
    expect(saved[0]?.health.status).toBe('unknown');
    expect(saved[0]?.health.reason).toMatch(reason);
  });

  it('says unknown of a runtime whose adapter it does not know, and what to do', async () => {
    const { see, saved } = setUp(new Map());
    await see();
    expect(saved[0]?.health).toMatchObject({
      status: 'unknown',
      reason: expect.stringContaining('RUNTIMEAI_ADAPTERS'),
    });
  });

  it('writes signals that changed noticeably, without a judgement', async () => {
    const { see, saved, savedSignals, world } = setUp();
    world.usage = { cpuCores: 0.5, memoryMiB: 100 };
    await see();
    expect(saved[0]?.signals).toMatchObject({
      cpu: { value: 0.5 },
      memory: { value: 100 },
      restarts: { value: 0 },
    });
    world.usage = { cpuCores: 0.52, memoryMiB: 104 };
    await see();
    expect(savedSignals).toEqual([]);
    world.usage = { cpuCores: 0.7, memoryMiB: 104 };
    await see();
    await see([pod({ restarts: 2 }), pod({ name: 'agent-2' })]);
    expect(savedSignals.map(({ signals }) => [signals['cpu']?.value, signals['restarts']?.value])).toEqual([
      [0.7, 0],
      [0.7, 2],
    ]);
    expect(saved).toHaveLength(1);
  });

  it('keeps of very many pods those that are not ready', async () => {
    const { see, saved } = setUp();
    await see(Array.from({ length: 200 }, (_, index) => pod({ name: `p${index}`, ready: index !== 150 })));
    expect(saved[0]?.facts.pods).toHaveLength(50);
    expect(saved[0]?.facts.pods[0]?.name).toBe('p150');
  });
});
