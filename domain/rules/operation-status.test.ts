import { expect, test } from 'vitest';
import { OperationStatus, Outcome, Stage } from '../operation.ts';
import { meaningOf, percentOf, statusOf } from './operation-status.ts';

test.each([
  ['awaiting_approval', null, 'queued'],
  ['applying', null, 'running'],
  ['needs_attention', null, 'running'],
  ['finished', 'succeeded', 'succeeded'],
  ['finished', 'rejected', 'failed'],
  ['finished', 'expired', 'failed'],
  ['finished', 'errored', 'failed'],
  ['finished', 'rolled_back', 'failed'],
  ['finished', 'abandoned', 'failed'],
  ['finished', 'cancelled', 'cancelled'],
] as const)('%s with outcome %s is %s', (stage, outcome, status) =>
  expect(statusOf(stage, outcome)).toBe(status),
);

test('every stage and every outcome has exactly one coarse word', () => {
  const meanings = OperationStatus.options.map(meaningOf);
  expect(meanings.flatMap(({ stages }) => stages).sort()).toEqual([...Stage.options].sort());
  expect(meanings.flatMap(({ outcomes }) => outcomes).sort()).toEqual([...Outcome.options].sort());
});

test('only a finished operation is at 100 percent', () => {
  expect(Stage.options.filter(stage => percentOf(stage) === 100)).toEqual(['finished']);
});
