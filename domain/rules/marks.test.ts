import { expect, test } from 'vitest';
import { markOf } from './marks.ts';

test.each([
  [0, 'op_1'],
  [1, 'op_1.1'],
  [12, 'op_1.12'],
])('the mark of step %i is %s, and that of the first step the operation itself', (index, mark) =>
  expect(markOf({ operationId: 'op_1', index })).toBe(mark),
);
