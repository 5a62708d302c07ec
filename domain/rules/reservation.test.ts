import { describe, expect, test } from 'vitest';
import { reservationOfRuntime } from './reservation.ts';

const AGENT = {
  framework: { name: 'custom' },
  image: 'runtimeai.dev/sample-agent:1.0.0',
  resources: { cpu: '100m', memory: '128Mi' },
  replicas: 2,
  env: [],
  egress: 'restricted',
  exposure: 'private',
} as const;
const SCALING = { target_cpu_utilization: 70, target_memory_utilization: 80 };

describe('reservationOfRuntime', () => {
  test.each([
    ['sandbox', { size: 'small' }, { cpuMilli: 250, memoryMiB: 256, pods: 1 }],
    ['vcluster', { size: 'xlarge' }, { cpuMilli: 6000, memoryMiB: 12_288, pods: 3 }],
    [
      'sandbox',
      { size: 'small', sandbox: { env: [], warm_pool: 3 } },
      { cpuMilli: 1000, memoryMiB: 1024, pods: 4 },
    ],
    ['vm', { resources: { cpu: 0.5, memory: '1Gi' } }, { cpuMilli: 500, memoryMiB: 1024, pods: 1 }],
    ['agent_runtime', { agent: AGENT }, { cpuMilli: 200, memoryMiB: 256, pods: 2 }],
    [
      'agent_runtime',
      { agent: { ...AGENT, auto_scaling: { min_replicas: 2, max_replicas: 6, ...SCALING } } },
      { cpuMilli: 600, memoryMiB: 768, pods: 6 },
    ],
  ] as const)('of a %s with %j', (type, spec, reservation) => {
    const copy = structuredClone(spec) as Parameters<typeof reservationOfRuntime>[1];
    expect(reservationOfRuntime(type, copy)).toEqual(reservation);
  });
});
