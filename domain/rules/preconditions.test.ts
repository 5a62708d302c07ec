import { describe, expect, test } from 'vitest';
import type { Wish } from '../change-operation.ts';
import { Capability } from '../runtime.ts';
import { obstacleTo, type Situation } from './preconditions.ts';

const RUNNING: Situation = {
  type: 'sandbox',
  phase: 'deployed',
  power: 'running',
  capabilities: Capability.options,
};
const WISHES: readonly Wish[] = [
  { verb: 'start' },
  { verb: 'stop', force: false },
  { verb: 'restart' },
  { verb: 'rollout_restart' },
  { verb: 'scale', to: { size: 'large' } },
  { verb: 'snapshot', snapshot: { id: 'snp_1', name: 'one' } },
  { verb: 'restore', snapshot: 'one' },
  { verb: 'migrate' },
  { verb: 'tune_policy', to: { auto_scaling: null } },
  { verb: 'attach_observer' },
  { verb: 'detach_observer' },
  { verb: 'delete' },
];
const codeOf = (wish: Wish, changes: Partial<Situation> = {}) =>
  obstacleTo(wish, { ...RUNNING, ...changes })?.code;

describe('obstacleTo', () => {
  test.each(WISHES)('$verb can be begun on what runs', wish => expect(codeOf(wish)).toBeUndefined());

  test.each(WISHES)('nothing can be done to what is deleted: $verb', wish =>
    expect(codeOf(wish, { phase: 'deleted' })).toBe('runtime_deleted'),
  );

  test.each(WISHES)('what its kind cannot do is refused, but everything can be deleted: $verb', wish =>
    expect(codeOf(wish, { capabilities: [] })).toBe(
      wish.verb === 'delete' ? undefined : 'capability_not_supported',
    ),
  );

  test.each(['not_installed', 'install_failed'] as const)('what is %s can only be deleted', phase => {
    for (const wish of WISHES)
      expect(codeOf(wish, { phase })).toBe(wish.verb === 'delete' ? undefined : 'wrong_state');
  });

  test('says of an agent that is not there that a version is to be deployed', () => {
    const nowhere = { ...RUNNING, phase: 'not_installed' } as const;
    expect(obstacleTo({ verb: 'start' }, { ...nowhere, type: 'agent_runtime' })?.reason).toMatch(/Deploy/);
    expect(obstacleTo({ verb: 'start' }, nowhere)?.reason).toMatch(/create it anew/);
  });

  test.each(WISHES)('what is stopped cannot be restarted or migrated: $verb', wish => {
    const needsRunning = ['restart', 'rollout_restart', 'migrate'].includes(wish.verb);
    expect(codeOf(wish, { power: 'stopped' })).toBe(needsRunning ? 'wrong_state' : undefined);
  });

  test('what the cluster cannot serve now is refused with the reason', () => {
    const limits = { migrate: 'there is one node' };
    expect(obstacleTo({ verb: 'migrate' }, { ...RUNNING, limits })).toEqual({
      code: 'change_impossible',
      reason: 'It cannot migrate now: there is one node.',
    });
  });

  test('a creation meets no obstacle of what is not there yet', () => {
    expect(codeOf({ verb: 'create' }, { phase: 'installing', capabilities: [] })).toBeUndefined();
  });
});

describe('a scale', () => {
  test.each([
    ['to nothing', {}],
    ['to nulls', { size: null, resources: { cpu: null, replicas: null } }],
    ['to no replicas', { resources: { replicas: 0 } }],
    ['to no replicas of a size', { size: 'large', resources: { replicas: 0 } }],
  ] as const)('%s is refused', (_, to) => {
    expect(codeOf({ verb: 'scale', to })).toBe('change_impossible');
  });

  test('of the GPU is one', () => {
    const wish: Wish = { verb: 'scale', to: { resources: { gpu: '1xA10' } } };
    expect(codeOf(wish, { type: 'agent_runtime' })).toBeUndefined();
    expect(codeOf(wish)).toBeUndefined();
  });
});
