import { describe, expect, it } from 'vitest';
import type { WorkloadFacts } from '../../domain/health.ts';
import { pod, workload } from '../../test/builders/workload-facts.ts';
import { type HealthRecord, HealthRecorder } from './health-recorder.ts';

/** A recorder over facts a test sets, with a database that remembers and can be told to fail. */
function setUp() {
  const facts = new Map<string, WorkloadFacts>();
  const saved: HealthRecord[] = [];
  const world = { fresh: true, failing: false, failures: 0, judged: 0 };
  const recorder = new HealthRecorder({
    facts: { read: runtimeId => facts.get(runtimeId), onChange: () => () => undefined },
    isFresh: () => world.fresh,
    save: async record => {
      if (world.failing) throw new Error('the database is away');
      saved.push(record);
      return true;
    },
    onJudged: () => {
      world.judged += 1;
    },
    onTransition: () => undefined,
    onSaveFailed: () => {
      world.failures += 1;
    },
  });
  const see = async (fields: Partial<WorkloadFacts>) => {
    facts.set('rt_1', workload(fields));
    recorder.changedOf('rt_1');
    await recorder.flush();
  };
  const lose = async () => {
    facts.delete('rt_1');
    recorder.changedOf('rt_1');
    await recorder.flush();
  };
  return { recorder, saved, world, see, lose, statuses: () => saved.map(({ health }) => health.status) };
}

describe('HealthRecorder', () => {
  it('keeps a judgement when it differs from the one before, and only then', async () => {
    const { see, statuses, world } = setUp();
    await see({});
    await see({ observedAt: '2026-01-01T12:00:05.000Z' });
    await see({ pods: [pod(), pod({ name: 'agent-2', ready: false })] });
    await see({});
    expect(statuses()).toEqual(['healthy', 'degraded', 'healthy']);
    expect(world.judged).toBe(4);
  });

  it('judges nothing while the facts are too old, and catches up afterwards', async () => {
    const { see, statuses, world, recorder } = setUp();
    world.fresh = false;
    await see({});
    expect(statuses()).toEqual([]);
    world.fresh = true;
    await recorder.flush();
    expect(statuses()).toEqual(['healthy']);
  });

  it('tries again what the database did not take', async () => {
    const { see, statuses, world, recorder } = setUp();
    world.failing = true;
    await see({});
    expect(world.failures).toBe(1);
    world.failing = false;
    await recorder.flush();
    await recorder.flush();
    expect(statuses()).toEqual(['healthy']);
  });

  it('says unknown once of a runtime whose Deployment is gone', async () => {
    const { see, lose, saved } = setUp();
    await see({});
    await lose();
    await lose();
    expect(saved.map(({ health }) => health.status)).toEqual(['healthy', 'unknown']);
    expect(saved[1]).toMatchObject({ tenantId: 'acme', facts: { pods: [] } });
  });

  it('says unknown of a runtime that went while no observer looked', async () => {
    const { recorder, statuses } = setUp();
    recorder.remember(workload());
    await recorder.flush();
    expect(statuses()).toEqual(['unknown']);
  });

  it('does not take a runtime for gone that is only remembered from before', async () => {
    const { recorder, see, statuses } = setUp();
    recorder.remember(workload());
    await see({});
    expect(statuses()).toEqual(['healthy']);
  });

  it('keeps of very many pods those that are not ready', async () => {
    const { see, saved } = setUp();
    const pods = Array.from({ length: 200 }, (_, index) => pod({ name: `p${index}`, ready: index !== 150 }));
    await see({ desiredReplicas: 200, pods });
    expect(saved[0]?.facts.pods).toHaveLength(50);
    expect(saved[0]?.facts.pods[0]?.name).toBe('p150');
    expect(saved[0]?.health.totalPods).toBe(200);
  });
});
