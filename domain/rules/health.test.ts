import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pod, workload } from '../../test/builders/workload-facts.ts';
import type { HealthStatus, PodFacts } from '../health.ts';
import { judgeHealth } from './health.ts';

function statusWith(ready: number, wanted: number): HealthStatus {
  const pods = Array.from({ length: wanted }, (_, index) => pod({ name: `p${index}`, ready: index < ready }));
  return judgeHealth(workload({ desiredReplicas: wanted, pods })).status;
}

describe('judgeHealth', () => {
  it('knows nothing without facts', () => {
    expect(judgeHealth(undefined).status).toBe('unknown');
  });

  it.each([
    [10, 10, 'healthy'],
    [8, 10, 'healthy'],
    [7, 10, 'degraded'],
    [5, 10, 'degraded'],
    [4, 10, 'unhealthy'],
    [0, 10, 'unhealthy'],
    [1, 2, 'degraded'],
  ] as const)('calls %i ready of %i wanted %s', (ready, wanted, status) => {
    expect(statusWith(ready, wanted)).toBe(status);
  });

  it('is stopped when no pod is wanted and none runs, unhealthy when pods are wanted and none exists', () => {
    expect(judgeHealth(workload({ desiredReplicas: 0, pods: [] }))).toMatchObject({
      status: 'stopped',
      totalPods: 0,
    });
    expect(judgeHealth(workload({ desiredReplicas: 2, pods: [] }))).toMatchObject({
      status: 'unhealthy',
      totalPods: 2,
    });
  });

  it('is not stopped before the last pod has begun to end', () => {
    expect(judgeHealth(workload({ desiredReplicas: 0, pods: [pod()] })).status).toBe('degraded');
    expect(judgeHealth(workload({ desiredReplicas: 0, pods: [pod({ terminating: true })] })).status).toBe(
      'stopped',
    );
  });

  it('is never healthy because of pods of an older version', () => {
    const old = (name: string) => pod({ name, templateHash: 'old' });
    const health = judgeHealth(workload({ pods: [old('a'), old('b'), pod({ name: 'c', ready: false })] }));
    expect(health).toMatchObject({ status: 'degraded', readyPods: 0, totalPods: 2 });
    expect(health.reason).toContain('2 of the previous version still serve');
  });

  it('is not healthy while the newest change has not been acted upon', () => {
    expect(judgeHealth(workload({ generation: 4 })).status).toBe('degraded');
  });

  it('does not count pods that are ending or were evicted', () => {
    const pods = [
      pod({ name: 'a' }),
      pod({ name: 'b', terminating: true }),
      pod({ name: 'c', phase: 'Failed' }),
    ];
    expect(judgeHealth(workload({ pods }))).toMatchObject({ status: 'degraded', readyPods: 1, totalPods: 2 });
  });

  it('does not hold surplus pods of a scale-down against it', () => {
    const pods = [pod({ name: 'a' }), pod({ name: 'b' }), pod({ name: 'c', ready: false })];
    expect(judgeHealth(workload({ pods }))).toMatchObject({ status: 'healthy', readyPods: 2, totalPods: 2 });
  });

  it('says what the first stuck pod waits for', () => {
    const waiting = { reason: 'ImagePullBackOff', message: 'no such image' };
    expect(judgeHealth(workload({ pods: [pod({ ready: false, waiting })] })).reason).toContain(
      'agent-1: ImagePullBackOff',
    );
  });
});

const anyPod: fc.Arbitrary<PodFacts> = fc.record({
  name: fc.string(),
  uid: fc.string(),
  templateHash: fc.constantFrom('current', 'old'),
  phase: fc.constantFrom('Pending', 'Running', 'Failed', 'Succeeded', 'Unknown'),
  ready: fc.boolean(),
  terminating: fc.boolean(),
  restarts: fc.nat(),
});

const anyWorkload = fc
  .record({
    pods: fc.array(anyPod, { maxLength: 20 }),
    desiredReplicas: fc.oneof(fc.integer({ min: -3, max: 30 }), fc.constantFrom(Number.NaN, 1e9)),
    generation: fc.nat(3),
    observedGeneration: fc.nat(3),
  })
  .map(fields => workload(fields));

const ORDER: readonly HealthStatus[] = ['unhealthy', 'degraded', 'healthy'];

describe('judgeHealth, for any facts', () => {
  it('answers, and counts no more ready pods than pods', () => {
    fc.assert(
      fc.property(anyWorkload, facts => {
        const health = judgeHealth(facts);
        expect(['healthy', 'degraded', 'unhealthy', 'stopped']).toContain(health.status);
        expect(health.reason).not.toBe('');
        expect(health.readyPods).toBeGreaterThanOrEqual(0);
        expect(health.readyPods).toBeLessThanOrEqual(health.totalPods);
      }),
    );
  });

  it('is healthy only with 80 % of the wanted pods ready, current and alive', () => {
    fc.assert(
      fc.property(anyWorkload, facts => {
        if (judgeHealth(facts).status !== 'healthy') return;
        const good = facts.pods.filter(
          one => one.ready && !one.terminating && one.templateHash === 'current',
        );
        expect(good.length / facts.desiredReplicas).toBeGreaterThanOrEqual(0.8);
        expect(facts.observedGeneration).toBeGreaterThanOrEqual(facts.generation);
      }),
    );
  });

  it('never becomes worse because one more pod is ready', () => {
    fc.assert(
      fc.property(anyWorkload, fc.nat(), (facts, pick) => {
        const index = pick % Math.max(1, facts.pods.length);
        const better = facts.pods.map((one, at) => (at === index ? { ...one, ready: true } : one));
        const [before, after] = [judgeHealth(facts).status, judgeHealth({ ...facts, pods: better }).status];
        if (ORDER.includes(before))
          expect(ORDER.indexOf(after)).toBeGreaterThanOrEqual(ORDER.indexOf(before));
        else expect(after).toBe(before);
      }),
    );
  });
});
