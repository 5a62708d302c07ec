import { expect, test } from 'vitest';
import { differences } from './merge.ts';

test('nothing differs in equal objects, whatever is undefined', () => {
  expect(differences({ a: { b: [1] } }, { a: { b: [1] }, c: undefined })).toEqual({});
});

test('what is no longer wanted is removed, at any depth', () => {
  const now = { nodeSelector: { zone: 'a', disk: 'fast' }, runtimeClassName: 'strong' };
  expect(differences(now, { nodeSelector: { zone: 'b' } })).toEqual({
    nodeSelector: { zone: 'b', disk: null },
    runtimeClassName: null,
  });
});

test('a list is replaced as a whole', () => {
  expect(differences({ args: ['a', 'b'] }, { args: ['a'] })).toEqual({ args: ['a'] });
});
