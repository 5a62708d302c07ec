import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AgentConfig, MAX_REPLICAS } from '../agent-config.ts';
import type { Desired } from '../change.ts';
import type { Wish } from '../change-operation.ts';
import { RuntimeSpec, RuntimeType, Size } from '../runtime.ts';
import { desiredAfter } from './desired.ts';
import { cpuMilliOf } from './quota.ts';

const AGENT = AgentConfig.parse({
  framework: { name: 'custom' },
  image: 'runtimeai.dev/sample-agent:1.0.0',
  resources: { cpu: '100m', memory: '128Mi' },
  replicas: 2,
});
const SCALING = {
  min_replicas: 2,
  max_replicas: 4,
  target_cpu_utilization: 70,
  target_memory_utilization: 80,
};
const agentWith = (changes: Partial<AgentConfig>): Desired => ({
  spec: { agent: { ...AGENT, ...changes } },
  power: 'running',
});

const types = fc.constantFrom(...RuntimeType.options);
const powers = fc.constantFrom('running' as const, 'stopped' as const);
const scales = fc.record(
  {
    size: fc.constantFrom(...Size.options, null),
    resources: fc.record(
      {
        cpu: fc.integer({ min: 1, max: 6400 }).map(hundredths => hundredths / 100),
        memory: fc.integer({ min: 16, max: 4096 }).map(mebibytes => `${mebibytes}Mi`),
        replicas: fc.integer({ min: 1, max: MAX_REPLICAS }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);
const befores = fc.record({
  spec: fc.constantFrom<RuntimeSpec>(
    { size: 'small' },
    { resources: { cpu: 3 } },
    { size: 'large', resources: { memory: '9Gi' }, sandbox: { env: [], warm_pool: 2 } },
    { agent: AGENT },
    { agent: { ...AGENT, auto_scaling: SCALING } },
  ),
  power: powers,
});

describe('desiredAfter', () => {
  test('start and stop change the power alone, so that starting brings back exactly what was', () => {
    fc.assert(
      fc.property(types, befores, (type, before) => {
        const stopped = desiredAfter(type, before, { verb: 'stop', force: false });
        expect(stopped).toEqual({ ...before, power: 'stopped' });
        expect(desiredAfter(type, stopped, { verb: 'start' })).toEqual({ ...before, power: 'running' });
      }),
    );
  });

  test.each<Wish>([
    { verb: 'create' },
    { verb: 'delete' },
    { verb: 'restart' },
    { verb: 'rollout_restart' },
    { verb: 'migrate' },
    { verb: 'attach_observer' },
    { verb: 'detach_observer' },
    { verb: 'snapshot', snapshot: { id: 'snp_1', name: 'one' } },
    { verb: 'restore', snapshot: 'one' },
  ])('$verb leaves what the runtime shall be', wish => {
    const before = agentWith({});
    expect(desiredAfter('agent_runtime', before, wish)).toEqual(before);
  });
});

describe('a scale', () => {
  test.each<[string, RuntimeSpec, object, RuntimeSpec]>([
    ['to a size takes that size', { size: 'small' }, { size: 'large' }, { size: 'large' }],
    [
      'to a size forgets the overrides of the size before',
      { size: 'small', resources: { cpu: 3 } },
      { size: 'large' },
      { size: 'large' },
    ],
    [
      'of one resource keeps the size and the other overrides',
      { size: 'small', resources: { cpu: 3 } },
      { resources: { memory: '4Gi' } },
      { size: 'small', resources: { cpu: 3, memory: '4Gi' } },
    ],
    [
      'to null takes an override back',
      { size: 'small', resources: { cpu: 3 } },
      { resources: { cpu: null } },
      { size: 'small' },
    ],
    ['without a size names none', {}, { resources: { cpu: 1 } }, { resources: { cpu: 1 } }],
    [
      'keeps everything else',
      { size: 'small', sandbox: { env: [], warm_pool: 2 } },
      { size: 'medium', resources: { cpu: 1 } },
      { size: 'medium', resources: { cpu: 1 }, sandbox: { env: [], warm_pool: 2 } },
    ],
  ])('%s', (_, spec, to, after) => {
    expect(desiredAfter('sandbox', { spec, power: 'stopped' }, { verb: 'scale', to })).toEqual({
      spec: after,
      power: 'stopped',
    });
  });

  test('makes a spec of every kind that can be asked for, and keeps the power', () => {
    fc.assert(
      fc.property(types, befores, scales, (type, before, to) => {
        const after = desiredAfter(type, before, { verb: 'scale', to });
        expect(RuntimeSpec.safeParse(after.spec).error).toBeUndefined();
        expect(after.power).toBe(before.power);
      }),
    );
  });
});

describe('a scale of an agent', () => {
  const scaled = (before: Desired, to: Extract<Wish, { verb: 'scale' }>['to']) =>
    desiredAfter('agent_runtime', before, { verb: 'scale', to }).spec.agent;

  test('to a size takes processors, memory and replicas from its table', () => {
    expect(scaled(agentWith({}), { size: 'large' })).toEqual({
      ...AGENT,
      resources: { cpu: '1000m', memory: '1024Mi' },
      replicas: 3,
    });
  });

  test('keeps everything that is not named', () => {
    fc.assert(
      fc.property(scales, to => {
        const agent = scaled(agentWith({}), to);
        const { resources, replicas, ...rest } = AGENT;
        expect(agent).toMatchObject(rest);
        if (!to.size && to.resources?.cpu === undefined) expect(agent?.resources.cpu).toBe(resources.cpu);
        if (!to.size && !to.resources?.memory) expect(agent?.resources.memory).toBe(resources.memory);
        if (!to.size && to.resources?.replicas === undefined) expect(agent?.replicas).toBe(replicas);
      }),
    );
  });

  test('gives at least the processors that were asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6400 }), hundredths => {
        const agent = scaled(agentWith({}), { resources: { cpu: hundredths / 100 } });
        expect(cpuMilliOf(agent?.resources.cpu ?? '')).toBe(hundredths * 10);
      }),
    );
  });

  test('gives it another GPU where one is named', () => {
    const before = agentWith({ gpu: '1xA10' });
    expect(scaled(before, { resources: { gpu: '2xA100' } })?.gpu).toBe('2xA100');
    expect(scaled(before, { size: 'large', resources: { gpu: null } })?.gpu).toBe('1xA10');
  });

  test.each([
    [3, { min_replicas: 3, max_replicas: 4 }],
    [9, { min_replicas: 9, max_replicas: 9 }],
    [1, { min_replicas: 1, max_replicas: 4 }],
  ])('that scales by itself to %i makes that the least it scales to', (replicas, expected) => {
    const agent = scaled(agentWith({ auto_scaling: SCALING }), { resources: { replicas } });
    expect(agent).toMatchObject({ replicas, auto_scaling: { ...SCALING, ...expected } });
  });
});

describe('a tuned policy', () => {
  const tuned = (before: Desired, auto_scaling: AgentConfig['auto_scaling'] | null) =>
    desiredAfter('agent_runtime', before, {
      verb: 'tune_policy',
      to: { auto_scaling: auto_scaling ?? null },
    });

  test('replaces how an agent scales by itself', () => {
    expect(tuned(agentWith({}), SCALING)).toEqual(agentWith({ auto_scaling: SCALING }));
  });

  test('of null switches that off', () => {
    expect(tuned(agentWith({ auto_scaling: SCALING }), null)).toEqual(agentWith({}));
  });

  test('leaves what is no agent as it is', () => {
    const before: Desired = { spec: { size: 'small' }, power: 'running' };
    expect(tuned(before, SCALING)).toEqual(before);
  });
});
