import { describe, expect, it } from 'vitest';
import { UsageBook } from './usage-book.ts';

function setUp() {
  const clock = { now: 0 };
  const book = new UsageBook({ keptSeconds: 60, now: () => clock.now });
  const count = (pod: string, cpuSeconds: number, atSeconds: number) =>
    book.count({ namespace: 'ns', pod, cpuSeconds, memoryMiB: 32, countedAt: atSeconds * 1000 });
  return { book, clock, count };
}

describe('the usage of pods', () => {
  it('is CPU as what was added between two counts, and memory at once', () => {
    const { book, count } = setUp();
    count('a', 10, 100);
    expect(book.sum('ns', ['a'])).toEqual({ memoryMiB: 32 });
    count('a', 13, 110);
    expect(book.sum('ns', ['a'])).toEqual({ cpuCores: 0.3, memoryMiB: 32 });
  });

  it('stays as it is while the kubelet answers the same count', () => {
    const { book, count } = setUp();
    count('a', 10, 100);
    count('a', 13, 110);
    count('a', 13, 110);
    expect(book.sum('ns', ['a']).cpuCores).toBe(0.3);
  });

  it('begins anew with a successor of the same name', () => {
    const { book, count } = setUp();
    count('a', 10, 100);
    count('a', 1, 110);
    expect(book.sum('ns', ['a'])).toEqual({ memoryMiB: 32 });
  });

  it('is that of all pods together, or of none', () => {
    const { book } = setUp();
    book.note({ namespace: 'ns', pod: 'a', cpuCores: 0.5, memoryMiB: 10 });
    book.note({ namespace: 'ns', pod: 'b', cpuCores: 0.25, memoryMiB: 20 });
    expect(book.sum('ns', ['a', 'b'])).toEqual({ cpuCores: 0.75, memoryMiB: 30 });
    expect(book.sum('ns', ['a', 'b', 'c'])).toEqual({});
    expect(book.sum('other', ['a'])).toEqual({});
    expect(book.sum('ns', [])).toEqual({});
  });

  it('is forgotten when nothing new comes', () => {
    const { book, clock } = setUp();
    book.note({ namespace: 'ns', pod: 'a', cpuCores: 0.5, memoryMiB: 10 });
    clock.now = 61_000;
    expect(book.sum('ns', ['a'])).toEqual({});
    expect(book.isEmpty()).toBe(true);
  });
});
