import { describe, expect, it } from 'vitest';
import { type Answer, decide } from './approval.ts';

describe('an approval', () => {
  it('is open as long as nobody has answered', () => {
    expect(decide([], 1)).toBe('open');
  });

  it('is approved by as many different people as its quorum', () => {
    expect(decide([yes('abel')], 1)).toBe('approved');
    expect(decide([yes('abel')], 2)).toBe('open');
    expect(decide([yes('abel'), yes('berta')], 2)).toBe('approved');
    expect(decide([yes('abel'), yes('berta'), yes('carl')], 2)).toBe('approved');
  });

  it('counts one person once, however often that person answers', () => {
    expect(decide([yes('abel'), yes('abel')], 2)).toBe('open');
  });

  it('tells people apart by their id, not by their name', () => {
    const namesake = { ...yes('abel').by, id: 'another' };
    expect(decide([yes('abel'), { ...yes('abel'), by: namesake }], 2)).toBe('approved');
  });

  it('is rejected by a single no, whoever has approved before or after', () => {
    expect(decide([no('berta')], 1)).toBe('rejected');
    expect(decide([yes('abel'), no('berta')], 2)).toBe('rejected');
    expect(decide([no('berta'), yes('abel'), yes('carl')], 2)).toBe('rejected');
  });
});

function yes(name: string): Answer {
  return { by: { id: name, name, kind: 'human' }, decision: 'approve' };
}

function no(name: string): Answer {
  return { ...yes(name), decision: 'reject', comment: 'not now' };
}
