import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AdmittedStep, Wish } from '../change-operation.ts';
import { Capability, Size } from '../runtime.ts';
import { admittedSteps, type Beginning } from './change-steps.ts';

const READY = { id: 'snp_1', name: 'one', status: 'ready', ref: { name: 's' } } as const;
const BEGINNING: Beginning = {
  type: 'sandbox',
  phase: 'deployed',
  capabilities: Capability.options,
  desired: { spec: { size: 'small' }, power: 'running' },
  snapshots: [],
};
const judged = (wishes: readonly Wish[], changes: Partial<Beginning> = {}) =>
  admittedSteps(
    wishes.map(wish => ({ action: null, wish })),
    { ...BEGINNING, ...changes },
  );
const stepsOf = (...args: Parameters<typeof judged>): readonly AdmittedStep[] => {
  const steps = judged(...args);
  if ('code' in steps) throw new Error(`refused: ${steps.reason}`);
  return steps;
};
const snapshot = (name: string): Wish => ({ verb: 'snapshot', snapshot: { id: `snp_${name}`, name } });

const wishes = fc.oneof(
  fc.constantFrom<Wish>({ verb: 'start' }, { verb: 'stop', force: false }, { verb: 'attach_observer' }),
  fc.constantFrom(...Size.options).map((size): Wish => ({ verb: 'scale', to: { size } })),
  fc.integer({ min: 1, max: 9 }).map((cpu): Wish => ({ verb: 'scale', to: { resources: { cpu } } })),
);

describe('admittedSteps', () => {
  test('begins each step where the one before it ends, and the first where the runtime is', () => {
    fc.assert(
      fc.property(fc.array(wishes, { maxLength: 8 }), list => {
        const steps = stepsOf(list);
        expect(steps).toHaveLength(list.length);
        const ends = [BEGINNING.desired, ...steps.map(({ desired }) => desired)];
        expect(steps.map(({ before }) => before)).toEqual(ends.slice(0, -1));
      }),
    );
  });

  test('of a creation has nothing before it', () => {
    expect(stepsOf([{ verb: 'create' }], { phase: 'installing' })).toEqual([
      { action: null, change: { verb: 'create' }, before: null, desired: BEGINNING.desired },
    ]);
  });

  test('makes a rolling restart a restart, and leaves in a change only what the backend is to hear', () => {
    const list: Wish[] = [{ verb: 'rollout_restart' }, { verb: 'scale', to: { size: 'large' } }];
    expect(stepsOf(list).map(({ change }) => change)).toEqual([{ verb: 'restart' }, { verb: 'scale' }]);
  });

  test('says which action of a list is impossible, judged by what those before it lead to', () => {
    expect(judged([{ verb: 'stop', force: false }, { verb: 'restart' }])).toMatchObject({
      code: 'wrong_state',
      reason: expect.stringMatching(/^Action 2: /),
    });
    expect(judged([{ verb: 'restart' }], { capabilities: [] })).toMatchObject({
      reason: expect.not.stringMatching(/^Action/),
    });
    expect(
      stepsOf([{ verb: 'start' }, { verb: 'restart' }], { desired: { spec: {}, power: 'stopped' } }),
    ).toHaveLength(2);
  });

  test('refuses what is not there', () => {
    expect(judged([{ verb: 'start' }], { desired: undefined })).toMatchObject({ code: 'runtime_not_found' });
  });

  test('refuses what is deleted even when nothing is to be done, as by an intent without a plan', () => {
    for (const list of [[], [{ verb: 'start' }]] as const)
      expect(judged(list, { phase: 'deleted' })).toMatchObject({ code: 'runtime_deleted' });
  });
});

describe('the name of a snapshot', () => {
  test.each([
    ['ready', true],
    ['creating', true],
    ['failed', false],
    ['deleted', false],
  ])('of one that is %s is taken: %s', (status, taken) => {
    const answer = judged([snapshot('one')], { snapshots: [{ ...READY, status }] });
    expect('code' in answer && answer.code).toBe(taken && 'snapshot_name_taken');
  });

  test('is taken by an earlier action of the same list', () => {
    expect(judged([snapshot('two'), snapshot('two')])).toMatchObject({ code: 'snapshot_name_taken' });
  });
});

describe('a restore', () => {
  test.each(['snp_1', 'one'])('finds its snapshot by id or name: %s', wanted => {
    const steps = stepsOf([{ verb: 'restore', snapshot: wanted }], { snapshots: [READY] });
    expect(steps[0]?.change).toEqual({
      verb: 'restore',
      snapshot: { id: 'snp_1', name: 'one', ref: { name: 's' } },
    });
  });

  test.each([
    ['is not there', [], /is not one of this runtime/],
    ['is not ready', [{ ...READY, status: 'creating', ref: null }], /is creating/],
    ['nobody can find again', [{ ...READY, ref: null }], /is ready/],
  ] as const)('of one that %s is refused', (_, snapshots, reason) => {
    expect(judged([{ verb: 'restore', snapshot: 'one' }], { snapshots })).toMatchObject({
      code: 'snapshot_not_found',
      reason: expect.stringMatching(reason),
    });
  });
});
