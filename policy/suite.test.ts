import { describe, expect, test } from 'vitest';
import { allow, approval, budget, deny, inShadow, policyOf, questionFor } from '../test/builders/policies.ts';
import { judge } from './judge.ts';
import { ReplayReport, replay } from './replay.ts';
import { filledIn, PolicyFixture, runSuite, SuiteReport } from './suite.ts';

const policies = [
  policyOf(
    'guard',
    approval({ quorum: 2 }, { selector: { environment: 'production', action: 'deploy.*' } }),
    deny({}, { when: 'desired.replicas > 10', reason: 'too many' }),
    allow({ action: 'lifecycle.delete', project: 'sandbox' }),
  ),
];
const fixture = (name: string, question: object, expect: object) =>
  PolicyFixture.parse({ name, question, expect });

describe('a suite', () => {
  const report = runSuite(policies, [
    fixture(
      'two people for production',
      { environment: 'production' },
      { answer: 'require_approval', policy: 'guard', rule: 1, quorum: 2 },
    ),
    fixture('many replicas', { desired: { replicas: 11 } }, { answer: 'deny', reason: 'too many' }),
    fixture(
      'wrongly hoped for',
      { environment: 'production' },
      { answer: 'allow', policy: 'open', quorum: 1 },
    ),
  ]);

  test('tells case by case what came instead', () => {
    expect(report).toMatchObject({ passed: 2, failed: 1 });
    expect(report.fixtures.map(({ passed }) => passed)).toEqual([true, true, false]);
    expect(report.fixtures[2]?.differences).toEqual([
      { word: 'answer', expected: 'allow', came: 'require_approval' },
      { word: 'policy', expected: 'open', came: 'guard' },
      { word: 'quorum', expected: '1', came: '2' },
    ]);
    expect(SuiteReport.parse(report)).toEqual(report);
  });

  test('tells which rules no case met', () => {
    expect(report.coverage.rules.map(({ rule, matched }) => [rule, matched])).toEqual([
      [1, 2],
      [2, 1],
      [3, 0],
    ]);
    expect(report.coverage.never_matched).toBe(1);
  });

  test('fills in what a question leaves out', () => {
    expect(filledIn({ desired: { gpus: 2 }, before: { cpu: 4 } })).toMatchObject({
      action: 'deploy.upgrade',
      environment: 'development',
      desired: { gpus: 2, cpu: 1 },
      before: { cpu: 4, replicas: 1 },
    });
    expect(filledIn({ before: null }).before).toBeNull();
  });

  test('takes a point in time with any offset, and judges it in UTC', () => {
    expect(filledIn({ now: '3353-08-27T21:42:14-01:55' }).now).toBe('3353-08-27T23:37:14.000Z');
  });

  test.each([
    'noon',
    '2026-01-05T12:00:60Z',
    '0000-06-01T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
  ])('refuses the point in time %j', now => {
    expect(
      PolicyFixture.safeParse({ name: 'x', question: { now }, expect: { answer: 'allow' } }).success,
    ).toBe(false);
  });

  test.each([{ enviroment: 'production' }, { desired: { replica: 3 } }, { runtime: { kind: 'vm' } }])(
    'refuses a question with a word there is not: %j',
    question => {
      expect(PolicyFixture.safeParse({ name: 'x', question, expect: { answer: 'allow' } }).success).toBe(
        false,
      );
    },
  );
});

describe('a replay', () => {
  const open = [policyOf('open', allow())];
  const decided = (id: string, question = questionFor()) => ({
    id,
    question,
    verdict: judge(question, open),
  });

  test('tells what a draft would change, from what to what and why', () => {
    const big = questionFor({ environment: 'development', desired: { replicas: 20 } });
    const report = replay(
      [decided('one'), decided('two', big), decided('three', questionFor({ environment: 'staging' }))],
      policies,
    );
    expect(report).toMatchObject({
      decisions: 3,
      unchanged: 1,
      counts: [
        { from: 'allow', to: 'require_approval', decisions: 1 },
        { from: 'allow', to: 'deny', decisions: 1 },
      ],
      changed: [
        { id: 'one', from: 'allow', to: 'require_approval', demands: ['2 people'] },
        { id: 'two', from: 'allow', to: 'deny', why: expect.stringContaining('too many'), demands: [] },
      ],
    });
    expect(ReplayReport.parse(report)).toEqual(report);
  });

  test('tells of other people being asked for the same answer, not of another rule asking the same', () => {
    const question = questionFor();
    const verdict = judge(question, [policyOf('a', approval({ quorum: 2 }))]);
    expect(
      replay([{ id: 'one', question, verdict }], [policyOf('b', approval({ quorum: 2 }))]).unchanged,
    ).toBe(1);
    expect(
      replay([{ id: 'one', question, verdict }], [policyOf('b', approval({ quorum: 3 }))]).changed,
    ).toMatchObject([{ from: 'require_approval', to: 'require_approval', demands: ['3 people'] }]);
  });

  test('of nothing changes nothing, and shadow policies change no answer', () => {
    expect(replay([], policies)).toEqual({ decisions: 0, unchanged: 0, counts: [], changed: [] });
    expect(
      replay([decided('one')], [...open, inShadow(policyOf('s', deny(), budget({ monthly: 1 })))]).unchanged,
    ).toBe(1);
  });
});
