import { describe, expect, test } from 'vitest';
import { cpuMilliOf, exceededQuota, memoryMiBOf, reservationOf } from './quota.ts';

const quota = { cpu: 2, memoryMiB: 1024, pods: 10, storageGiB: 1 };
const nothing = { cpuMilli: 0, memoryMiB: 0, pods: 0 };

describe('quantities', () => {
  test.each([
    ['250m', 250],
    ['1', 1000],
    ['0.5', 500],
    ['1.29', 1290],
    ['64', 64_000],
  ])('CPU %s is %i millicores', (quantity, milli) => expect(cpuMilliOf(quantity)).toBe(milli));

  test.each([
    ['256Mi', 256],
    ['2Gi', 2048],
  ])('memory %s is %i MiB', (quantity, mib) => expect(memoryMiBOf(quantity)).toBe(mib));
});

describe('reservationOf', () => {
  const resources = { cpu: '250m', memory: '1Gi' };

  test('counts the replicas', () => {
    expect(reservationOf({ replicas: 3, resources })).toEqual({ cpuMilli: 750, memoryMiB: 3072, pods: 3 });
  });

  test('counts the most replicas auto-scaling may reach', () => {
    const auto_scaling = {
      min_replicas: 1,
      max_replicas: 8,
      target_cpu_utilization: 70,
      target_memory_utilization: 80,
    };
    expect(reservationOf({ replicas: 1, resources, auto_scaling }).pods).toBe(8);
  });

  test('holds nothing with no replicas', () => {
    expect(reservationOf({ replicas: 0, resources })).toEqual(nothing);
  });
});

describe('exceededQuota', () => {
  test.each([
    [
      'what fits exactly',
      { cpuMilli: 1500, memoryMiB: 1000, pods: 9 },
      { cpuMilli: 500, memoryMiB: 24, pods: 1 },
    ],
    ['nothing', nothing, nothing],
  ])('lets %s through', (_, used, wanted) => {
    expect(exceededQuota({ quota, used, wanted })).toBeUndefined();
  });

  test('names every resource with its numbers', () => {
    const used = { cpuMilli: 1500, memoryMiB: 0, pods: 9 };
    expect(exceededQuota({ quota, used, wanted: { cpuMilli: 600, memoryMiB: 0, pods: 2 } })).toBe(
      '2 pods asked for, 1 left (quota 10, other runtimes hold 9); ' +
        '0.6 CPU cores asked for, 0.5 left (quota 2, other runtimes hold 1.5)',
    );
  });

  test('says that nothing is left when others hold more than the quota', () => {
    const used = { cpuMilli: 0, memoryMiB: 2000, pods: 0 };
    expect(exceededQuota({ quota, used, wanted: { cpuMilli: 0, memoryMiB: 1, pods: 0 } })).toContain(
      '0 left',
    );
  });
});
