import { describe, expect, it } from 'vitest';
import type { SeenHealth } from '../../adapters/adapter.ts';
import { readSignals } from '../../domain/rules/planner/signals.ts';
import { pod } from '../../test/builders/workload-facts.ts';
import { areWorthWriting, signalsOf } from './signals.ts';

const AT = '2026-01-01T12:00:00.000Z';
const health: SeenHealth = {
  status: 'degraded',
  reason: '2 of 3',
  readyPods: 2,
  totalPods: 3,
  readyReplicas: 2,
  desiredReplicas: 3,
};
const figures = { health, pods: [pod({ restarts: 2 }), pod({ restarts: 1 })], usage: {}, at: AT };

describe('the signals of a runtime', () => {
  it('are its replicas and restarts, with what it uses where that is known', () => {
    const usage = { cpuCores: 0.123456, memoryMiB: 64.04 };
    expect(signalsOf({ ...figures, usage })).toEqual({
      replicas: { value: 3, unit: 'replicas', ts: AT },
      ready_replicas: { value: 2, unit: 'replicas', ts: AT },
      ready_ratio: { value: 0.667, unit: 'ratio', ts: AT },
      restarts: { value: 3, unit: 'restarts', ts: AT },
      cpu: { value: 0.1235, unit: 'cores', ts: AT },
      memory: { value: 64, unit: 'MiB', ts: AT },
    });
    expect(signalsOf(figures)).not.toHaveProperty('cpu');
  });

  it('are figures the planner understands', () => {
    const read = readSignals(signalsOf({ ...figures, usage: { cpuCores: 0.5, memoryMiB: 64 } }), {
      cpuMilli: 1000,
      memoryMiB: 512,
      pods: 2,
    } as never);
    expect(read).toMatchObject({ cpuCores: 0.5, memoryMiB: 64, restarts: 3, unreadable: [] });
  });

  it('say nothing of what nobody can see, and no ratio of none', () => {
    expect(signalsOf({ ...figures, health: { ...health, status: 'unknown' } })).toEqual({});
    expect(signalsOf({ ...figures, health: { ...health, desiredReplicas: 0 } })).not.toHaveProperty(
      'ready_ratio',
    );
  });
});

describe('writing signals again', () => {
  const before = signalsOf({ ...figures, usage: { cpuCores: 0.5, memoryMiB: 100 } });
  const now = (usage: object, pods = figures.pods) => signalsOf({ ...figures, pods, usage });

  it.each([
    ['nothing changed', now({ cpuCores: 0.5, memoryMiB: 100 }), 20, false],
    ['usage wavers', now({ cpuCores: 0.53, memoryMiB: 109 }), 20, false],
    ['CPU changed by more than a tenth', now({ cpuCores: 0.6, memoryMiB: 100 }), 20, true],
    ['memory changed by more than a tenth', now({ cpuCores: 0.5, memoryMiB: 120 }), 20, true],
    ['a container restarted', now({ cpuCores: 0.5, memoryMiB: 100 }, [pod({ restarts: 4 })]), 20, true],
    ['usage is no longer known', now({}), 20, true],
    ['they were written a minute ago', now({ cpuCores: 0.5, memoryMiB: 100 }), 61, true],
  ])('is decided when %s', (_, signals, secondsSince, expected) => {
    expect(areWorthWriting(before, { signals, secondsSince })).toBe(expected);
  });

  it('is not done for ever where usage is not known', () => {
    expect(areWorthWriting(now({}), { signals: now({}), secondsSince: 1000 })).toBe(false);
  });

  it('does not count the thousandths of a core of what idles', () => {
    const idle = now({ cpuCores: 0.001, memoryMiB: 5 });
    expect(
      areWorthWriting(idle, { signals: now({ cpuCores: 0.004, memoryMiB: 5.9 }), secondsSince: 1 }),
    ).toBe(false);
  });
});
