import { describe, expect, test } from 'vitest';
import { type OperationStep, Outcome, Stage } from '../operation.ts';
import type { ActionPlan } from '../planner.ts';
import { intentResult, intentStatus } from './intent.ts';

describe('intentStatus', () => {
  test.each([
    ['checking_policy', null, 'planned'],
    ['awaiting_approval', null, 'planned'],
    ['preparing', null, 'planned'],
    ['applying', null, 'executing'],
    ['verifying', null, 'executing'],
    ['rolling_back', null, 'executing'],
    ['needs_attention', null, 'executing'],
    ['finished', 'succeeded', 'succeeded'],
    ['finished', 'rolled_back', 'failed'],
    ['finished', 'rejected', 'failed'],
    ['finished', 'cancelled', 'cancelled'],
  ] as const)('of %s and %s is %s', (stage, outcome, status) =>
    expect(intentStatus(stage, outcome)).toBe(status),
  );

  test('is final exactly when there is an outcome', () => {
    const final = ['succeeded', 'failed', 'cancelled'];
    for (const stage of Stage.options) expect(final).not.toContain(intentStatus(stage, null));
    for (const outcome of Outcome.options) expect(final).toContain(intentStatus('finished', outcome));
  });
});

describe('intentResult', () => {
  const plan = { recommendations: ['watch it for a day'] } as unknown as ActionPlan;
  const step = (status: OperationStep['status'], message: string | null = 'said so'): OperationStep => ({
    action: { type: 'restart' },
    verb: 'restart',
    status,
    message,
    started_at: null,
    finished_at: null,
  });
  const resultOf = (steps: OperationStep[], message: string | null = 'it worked') =>
    intentResult({ outcome: 'succeeded', message, steps, plan });

  test.each([
    ['succeeded', 'succeeded'],
    ['failed', 'failed'],
    ['skipped', 'skipped'],
    ['pending', 'skipped'],
    ['running', 'failed'],
    ['undone', 'failed'],
  ] as const)('says of a step that is %s: %s', (status, said) =>
    expect(resultOf([step(status)]).executed_actions).toEqual([
      { action: { type: 'restart' }, status: said, message: 'said so' },
    ]),
  );

  test('says whether anything was taken back', () => {
    expect(resultOf([step('succeeded')]).undone).toBe(false);
    expect(resultOf([step('succeeded'), step('undone')]).undone).toBe(true);
  });

  test('carries on what the plan recommends, and falls back on the outcome for words', () => {
    expect(resultOf([])).toMatchObject({ summary: 'it worked', recommendations: ['watch it for a day'] });
    expect(resultOf([], null).summary).toBe('succeeded');
  });

  test('leaves out steps that no action stands for', () => {
    expect(resultOf([{ ...step('succeeded'), action: null }]).executed_actions).toEqual([]);
  });
});
