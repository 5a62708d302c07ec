import { expect, test } from 'vitest';
import { createAnnounced } from './announced.ts';
import { KeptReads } from './kept-reads.ts';

/** Announcements that are heard or not as the test says, and a source whose readings end when the test says. */
function bench({ mostEntries = 10, keptMs = 60_000 } = {}) {
  const hearing = { announced: createAnnounced(), hears: true, hearsNow: () => hearing.hears };
  const kept = new KeptReads<string>(hearing, { mostEntries, keptMs });
  let reads = 0;
  const source = (value: string | undefined) => async () => {
    reads += 1;
    return value;
  };
  return { hearing, kept, source, reads: () => reads };
}

test('what was read once is answered from memory until it is dropped', async () => {
  const { kept, source } = bench();
  await kept.read('a', source('old'));
  expect(kept.peek('a')).toBe('old');
  kept.drop('a');
  expect(kept.peek('a')).toBeUndefined();
});

test('a reading under way while a change is announced answers its caller and keeps nothing', async () => {
  const { kept, source } = bench();
  const slow = Promise.withResolvers<string>();
  const reading = kept.read('a', () => slow.promise);
  kept.drop('a');
  const later = kept.read('a', source('new'));
  slow.resolve('old');
  expect(await reading).toBe('old');
  expect(await later).toBe('new');
  expect(kept.peek('a')).toBe('new');
});

test('an old reading that ends last does not take the place of a newer one', async () => {
  const { kept, source } = bench();
  const slow = Promise.withResolvers<string>();
  const reading = kept.read('a', () => slow.promise);
  kept.drop('a');
  await kept.read('a', source('new'));
  slow.resolve('old');
  await reading;
  expect(kept.peek('a')).toBe('new');
});

test('those who ask at the same time share one reading', async () => {
  const { kept, source, reads } = bench();
  const answers = await Promise.all([1, 2, 3].map(() => kept.read('a', source('x'))));
  expect(answers).toEqual(['x', 'x', 'x']);
  expect(reads()).toBe(1);
});

test('while announcements are not heard nothing is answered from memory, shared or kept', async () => {
  const { hearing, kept, source, reads } = bench();
  await kept.read('a', source('x'));
  hearing.hears = false;
  expect(kept.peek('a')).toBeUndefined();
  await Promise.all([1, 2].map(() => kept.read('b', source('y'))));
  expect(reads()).toBe(3);
  hearing.hears = true;
  expect(kept.peek('b')).toBeUndefined();
});

test('when listening begins again everything is forgotten, also what is being read', async () => {
  const { hearing, kept, source } = bench();
  await kept.read('a', source('x'));
  const slow = Promise.withResolvers<string>();
  const reading = kept.read('b', () => slow.promise);
  hearing.announced.emit('began');
  slow.resolve('y');
  await reading;
  expect([kept.peek('a'), kept.peek('b')]).toEqual([undefined, undefined]);
});

test('what was not asked for longest makes room', async () => {
  const { kept, source } = bench({ mostEntries: 2 });
  for (const key of ['a', 'b']) await kept.read(key, source(key));
  kept.peek('a');
  await kept.read('c', source('c'));
  expect(['a', 'b', 'c'].map(key => kept.peek(key))).toEqual(['a', undefined, 'c']);
  expect(kept.size).toBe(2);
});

test('nothing is kept for ever, and neither a failure nor nothing is kept at all', async () => {
  const { kept, source } = bench({ keptMs: -1 });
  await kept.read('a', source('x'));
  expect(kept.peek('a')).toBeUndefined();
  const failing = kept.read('b', () => Promise.reject(new Error('away')));
  await expect(failing).rejects.toThrow('away');
  expect(await kept.read('b', source(undefined))).toBeUndefined();
  expect(await kept.read('b', source('there'))).toBe('there');
});
