import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { beforeEach, describe, expect, test } from 'vitest';
import { AdapterFailure } from '../adapters/failure.ts';
import type { Change, Step } from '../domain/change.ts';
import { sandboxStep } from '../test/builders/sandbox-step.ts';
import { DrivenAdapter } from '../test/fakes/driven-adapter.ts';
import { createChangeActivities } from './changes.ts';

const VERBS = ['start', 'stop', 'restart', 'scale', 'snapshot', 'restore', 'migrate', 'delete'] as const;
const BEFORE = { spec: { size: 'small' }, power: 'running' } as const;
const base = { found: 1 };

let driven: DrivenAdapter;
let slots: unknown[];
beforeEach(() => {
  driven = new DrivenAdapter(['apply', ...VERBS]);
  slots = [];
});

const stepOf = (change: Change, before: Step['before'] = BEFORE): Step =>
  sandboxStep({ size: 'large' }, { change, before });
const anyOf = (verb: Change['verb']) => stepOf({ verb, ...REST[verb] } as Change);
const REST: Readonly<Partial<Record<Change['verb'], object>>> = {
  stop: { force: false },
  snapshot: { snapshot: { id: 'snp_1', name: 'one' } },
  restore: { snapshot: { id: 'snp_1', name: 'one', ref: {} } },
};

type Promises = ReturnType<typeof createChangeActivities>;
function activity<T>(call: (promises: Promises) => Promise<T>, env = environment()): Promise<T> {
  const promises = createChangeActivities({
    adapter: name => {
      if (name !== 'sandbox') throw new Error(`no adapter ${name}`);
      return driven.adapter;
    },
    slots: { ensureSlot: async input => void slots.push(input) },
    log: { info: () => undefined },
  });
  return env.run(() => call(promises)) as Promise<T>;
}
const environment = () => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
const untilIn = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString();
const failureOf = async (work: Promise<unknown>): Promise<ApplicationFailure> => {
  const error = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof ApplicationFailure) return error;
  throw error;
};

describe('planStep', () => {
  test('makes sure of the namespace, as open as the adapter needs it, and asks the adapter', async () => {
    const plan = await activity(({ planStep }) => planStep(anyOf('scale')));
    expect(plan).toMatchObject({ summary: { create: 1 }, base });
    expect(slots).toMatchObject([{ podSecurity: 'baseline', target: { runtimeName: 'box' } }]);
    expect(driven.driven).toEqual(['plan']);
  });

  test('makes no namespace for what is to be deleted', async () => {
    await activity(({ planStep }) => planStep(anyOf('delete')));
    expect(slots).toEqual([]);
    expect(driven.driven).toEqual(['plan']);
  });
});

describe('carryOutStep', () => {
  test.each([
    ['create', 'apply'],
    ['tune_policy', 'apply'],
    ...VERBS.map(verb => [verb, verb] as const),
  ] as const)('of a %s calls %s with the note of the plan', async (verb, method) => {
    const step = anyOf(verb);
    const begun = await activity(({ carryOutStep }) => carryOutStep({ step, base }));
    expect(begun).toEqual({ awaiting: { begun: method } });
    expect(driven.calls).toEqual([{ method, step, base }]);
  });

  test('of what the adapter has no method for says what it can', async () => {
    driven = new DrivenAdapter(['apply', 'delete']);
    const failure = await failureOf(
      activity(({ carryOutStep }) => carryOutStep({ step: anyOf('migrate'), base })),
    );
    expect(failure).toMatchObject({
      type: 'capability_not_supported',
      nonRetryable: true,
      message: 'The adapter fake cannot migrate. It can: stop, start.',
    });
    expect(driven.driven).toEqual([]);
  });

  test.each([
    [false, true],
    [true, false],
  ])('a failure that is retryable (%s) keeps its code and words', async (retryable, nonRetryable) => {
    driven.failure = new AdapterFailure('gpu_unavailable', 'No node has an A10.', {
      nextStep: 'Add one.',
      retryable,
    });
    const failure = await failureOf(
      activity(({ carryOutStep }) => carryOutStep({ step: anyOf('scale'), base })),
    );
    expect(failure).toMatchObject({
      type: 'gpu_unavailable',
      message: 'No node has an A10. Add one.',
      nonRetryable,
    });
  });

  test('a failure nobody expected is left as it is, to be tried again', async () => {
    driven.failure = new TypeError('x is not a function');
    const work = activity(({ carryOutStep }) => carryOutStep({ step: anyOf('scale'), base }));
    await expect(work).rejects.toThrow(driven.failure);
  });
});

describe('awaitStep', () => {
  const step = stepOf({ verb: 'scale' });
  const awaited = (milliseconds: number, env = environment()) =>
    activity(
      ({ awaitStep }) => awaitStep({ step, begun: { awaiting: {} }, until: untilIn(milliseconds) }),
      env,
    );
  const progressing = { status: 'progressing', message: '0 of 1 pods are ready' } as const;

  test.each(['reached', 'failed'] as const)('looks until it is %s', async status => {
    driven.sights = [progressing, progressing, { status, message: 'over' }];
    expect(await awaited(60_000)).toEqual({ status, message: 'over' });
    expect(driven.driven).toEqual(['observe', 'observe', 'observe']);
  });

  test('answers what there is when the time is up', async () => {
    driven.sights = [progressing];
    const began = Date.now();
    expect(await awaited(250)).toEqual(progressing);
    expect(Date.now() - began).toBeGreaterThanOrEqual(250);
    expect(driven.driven.length).toBeGreaterThan(1);
  });

  test('looks once even when the time was up before it began', async () => {
    expect(await awaited(-1000)).toMatchObject({ status: 'reached' });
  });

  test('stops looking when it is cancelled', async () => {
    driven.sights = [progressing];
    const env = environment();
    const work = awaited(60_000, env);
    env.cancel();
    await expect(work).rejects.toBeInstanceOf(CancelledFailure);
  });
});

describe('undoStep', () => {
  test('of a creation deletes what it made', async () => {
    const step = stepOf({ verb: 'create' }, null);
    const undoing = await activity(({ undoStep }) => undoStep({ step, base }));
    expect(driven.driven).toEqual(['delete']);
    expect(undoing).toEqual({
      step: { ...step, change: { verb: 'delete' } },
      begun: { awaiting: { begun: 'delete' } },
    });
  });

  test('of anything else applies what was before', async () => {
    const step = stepOf({ verb: 'scale' });
    const { step: way } = await activity(({ undoStep }) => undoStep({ step, base }));
    expect(way).toEqual({ ...step, desired: BEFORE });
    expect(driven.calls).toEqual([{ method: 'apply', step: way, base }]);
  });

  test('is left to an adapter that can do it itself, which hears the step as it was carried out', async () => {
    driven = new DrivenAdapter(['apply', 'delete', 'undo']);
    const step = stepOf({ verb: 'scale' });
    const undoing = await activity(({ undoStep }) => undoStep({ step, base }));
    expect(driven.calls).toEqual([{ method: 'undo', step, base }]);
    expect(undoing).toEqual({
      step: { ...step, desired: BEFORE },
      begun: { awaiting: { begun: 'undo' } },
    });
  });
});

test.each(['attach_observer', 'detach_observer'] as const)('%s never reaches the adapter', async verb => {
  const step = anyOf(verb);
  const plan = await activity(({ planStep }) => planStep(step));
  expect(plan).toMatchObject({ summary: { create: 0, update: 0, remove: 0 }, changes: [] });
  const begun = await activity(({ carryOutStep }) => carryOutStep({ step, base: plan.base }));
  const until = untilIn(1000);
  expect(await activity(({ awaitStep }) => awaitStep({ step, begun, until }))).toMatchObject({
    status: 'reached',
  });
  const undoing = await activity(({ undoStep }) => undoStep({ step, base: plan.base }));
  expect(await activity(({ awaitStep }) => awaitStep({ ...undoing, until }))).toMatchObject({
    status: 'reached',
  });
  expect(driven.driven).toEqual([]);
  expect(slots).toEqual([]);
});
