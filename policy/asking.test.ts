import { describe, expect, test } from 'vitest';
import { allow, deny, policyOf, questionFor } from '../test/builders/policies.ts';
import { askingAbout } from './asking.ts';
import { judge } from './judge.ts';

const LARGEST = questionFor({
  requester: { groups: Array.from({ length: 250 }, (_, n) => `${'a'.repeat(90)}${n}`) },
});

describe('the conditions of one question', () => {
  test('that take too long together are asked no further', () => {
    const asking = askingAbout(LARGEST, 1);
    const outcomes = Array.from({ length: 1000 }, () =>
      asking.evaluate('requester.groups.exists(g, g.endsWith("x"))'),
    );
    expect(outcomes[0]).toEqual({ holds: false });
    expect(outcomes.at(-1)).toEqual({
      error: 'the conditions before it took more than 1 ms of a processor together',
    });
  });

  test('that are short are asked, however many they are', () => {
    const many = Array.from({ length: 500 }, (_, n) => deny({}, { when: `desired.replicas > ${n + 100}` }));
    const policies = [policyOf('many', allow(), ...many)];
    judge(questionFor(), policies);
    expect(judge(questionFor(), policies).answer).toBe('allow');
  });

  test('of more text than is kept are not even read', () => {
    const asking = askingAbout(questionFor());
    const long = `${'x'.repeat(150_000)}`;
    expect(asking.evaluate(long)).toMatchObject({ error: expect.stringContaining('characters long') });
    expect(asking.evaluate(long)).toMatchObject({
      error: expect.stringContaining('all conditions together'),
    });
  });

  test('give no reasons once the time is spent', () => {
    const asking = askingAbout(LARGEST, -1);
    expect(asking.reasons('desired.replicas > 3')).toHaveLength(1);
    expect(asking.reasons('desired.replicas > 3')).toEqual([]);
  });
});
