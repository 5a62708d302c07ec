import { expect, test } from 'vitest';
import { asNamePart, markOf } from './marks.ts';

test.each([
  [0, 'op_1'],
  [1, 'op_1.1'],
  [12, 'op_1.12'],
])('the mark of step %i is %s, and that of the first step the operation itself', (index, mark) =>
  expect(markOf({ operationId: 'op_1', index })).toBe(mark),
);

test('a mark in a name has nothing in it that a DNS label refuses', () =>
  expect(asNamePart(markOf({ operationId: 'op_01ABC', index: 2 }))).toBe('op-01abc-2'));
