import { describe, expect, test } from 'vitest';
import type { RuntimeSpec, RuntimeType } from '../runtime.ts';
import { footprintOf, sizeOf } from './footprint.ts';
import { reservationOfRuntime } from './reservation.ts';
import { SIZES } from './sizes.ts';

const AGENT = {
  framework: { name: 'custom' },
  image: 'runtimeai.dev/sample-agent:1.0.0',
  resources: { cpu: '250m', memory: '256Mi' },
  replicas: 2,
  env: [],
  egress: 'open',
  exposure: 'internal',
} satisfies RuntimeSpec['agent'];
const SCALING = {
  min_replicas: 2,
  max_replicas: 6,
  target_cpu_utilization: 70,
  target_memory_utilization: 80,
};

const CASES: [string, RuntimeType, RuntimeSpec, object][] = [
  [
    'an agent is that of its replicas, with its own exposure and egress',
    'agent_runtime',
    { agent: AGENT },
    {
      cpu: 0.5,
      memory_mib: 512,
      replicas: 2,
      gpus: 0,
      gpu_model: null,
      storage_gib: 0,
      size: 'small',
      image: 'runtimeai.dev/sample-agent:1.0.0',
      exposure: 'internal',
      egress_policy: 'open',
      isolation: 'basic',
    },
  ],
  [
    'an agent that scales by itself is that of the most it may scale to, GPUs of every pod included',
    'agent_runtime',
    { agent: { ...AGENT, auto_scaling: SCALING, gpu: '2xA10', isolation: 'strong' } },
    { cpu: 1.5, memory_mib: 1536, replicas: 6, gpus: 12, gpu_model: 'A10', isolation: 'strong' },
  ],
  [
    'an agent of no size has none',
    'agent_runtime',
    { agent: { ...AGENT, resources: { cpu: '300m', memory: '256Mi' } } },
    { size: null, cpu: 0.6 },
  ],
  [
    'a sandbox of which nothing is said is a medium one, strong and restricted',
    'sandbox',
    {},
    {
      cpu: 0.5,
      memory_mib: 512,
      replicas: 1,
      storage_gib: 0,
      size: 'medium',
      image: null,
      exposure: 'private',
      egress_policy: 'restricted',
      isolation: 'strong',
    },
  ],
  [
    'a sandbox with a warm pool counts the pods of the pool and their volumes',
    'sandbox',
    { size: 'small', sandbox: { env: [], warm_pool: 3, storage: '2Gi', image: 'r.example/box:1' } },
    { cpu: 1, replicas: 4, storage_gib: 8, size: 'small', image: 'r.example/box:1' },
  ],
  [
    'a sandbox whose cores are overridden has no size',
    'sandbox',
    { size: 'small', resources: { cpu: 3, gpu: '1xT4' } },
    { cpu: 3, size: null, gpus: 1, gpu_model: 'T4' },
  ],
  [
    'a virtual cluster has the volume of its store',
    'vcluster',
    { size: 'small', vcluster: { storage: '10Gi' } },
    { replicas: 1, storage_gib: 10, isolation: 'basic' },
  ],
  [
    'a virtual cluster of several replicas has the volumes of its etcd',
    'vcluster',
    { size: 'xlarge' },
    { cpu: 6, replicas: 3, storage_gib: 15, size: 'xlarge' },
  ],
  [
    'a machine has the disk it asks for',
    'vm',
    { size: 'large', vm: { disk: '512Mi', image: 'r.example/disk:1' } },
    { cpu: 4, memory_mib: 8192, storage_gib: 0.5, image: 'r.example/disk:1' },
  ],
  ['a machine on a container disk has no volume', 'vm', { vm: {} }, { storage_gib: 0, size: 'medium' }],
];

describe('footprintOf', () => {
  test.each(CASES)('%s', (_, type, spec, expected) => {
    expect(footprintOf(type, spec)).toMatchObject(expected);
  });

  test.each(CASES)('holds of the quota what the reservation says: %s', (_, type, spec) => {
    const { cpu, memory_mib, replicas } = footprintOf(type, spec);
    expect({ cpuMilli: cpu * 1000, memoryMiB: memory_mib, pods: replicas }).toEqual(
      reservationOfRuntime(type, spec),
    );
  });
});

test.each(Object.entries(SIZES))('sizeOf finds every size of a %s by its shape', (type, sizes) => {
  for (const [size, resources] of Object.entries(sizes))
    expect(sizeOf(type as RuntimeType, resources)).toBe(size);
});
