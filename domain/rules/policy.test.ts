import { describe, expect, test } from 'vitest';
import { type Policy, type PolicyQuestion, PolicyRule, type PolicyVerdict } from '../policy.ts';
import { judge, strictest } from './policy.ts';

const question: PolicyQuestion = {
  action: 'deploy.upgrade',
  tenantId: 'acme',
  environment: 'production',
  project: 'default',
};

const allow = { kind: 'allow_action', selector: { action: 'deploy.*' } };
const deny = { kind: 'deny_action', selector: { action: 'deploy.upgrade' }, reason: 'freeze' };
const approval = (quorum: number, expires_in_seconds: number) => ({
  kind: 'require_approval',
  params: { quorum, expires_in_seconds },
});

function policy(name: string, ...rules: unknown[]): Policy {
  return { id: `pol_${name}`, name, scope_env: null, rules: rules.map(rule => PolicyRule.parse(rule)) };
}

describe('judge', () => {
  test.each([
    ['an allow that matches', [policy('a', allow)], 'allow', 'a'],
    ['a deny beside an allow', [policy('a', allow), policy('b', deny)], 'deny', 'b'],
    ['a deny before an allow', [policy('b', deny), policy('a', allow)], 'deny', 'b'],
    ['a deny beside an approval', [policy('a', approval(1, 60)), policy('b', deny)], 'deny', 'b'],
    ['an approval beside an allow', [policy('a', allow, approval(1, 60))], 'require_approval', 'a'],
    ['an approval without an allow', [policy('a', approval(1, 60))], 'require_approval', 'a'],
    [
      'no rule that matches',
      [policy('a', { kind: 'allow_action', selector: { action: 'deploy.install' } })],
      'deny',
      'default',
    ],
    ['a policy without rules', [policy('a')], 'deny', 'default'],
    ['no policy at all', [], 'deny', 'none'],
  ])('answers %s', (_, policies, answer, by) => {
    expect(judge(question, policies)).toMatchObject({ answer, policy: by });
  });

  test.each([
    [{}, true],
    [{ action: 'deploy.upgrade' }, true],
    [{ action: 'deploy.*' }, true],
    [{ action: '*' }, true],
    [{ action: 'deploy' }, false],
    [{ action: 'deploy.upgrade.all' }, false],
    [{ action: 'runtime.*' }, false],
    [{ environment: 'production' }, true],
    [{ environment: 'staging' }, false],
    [{ project: 'default' }, true],
    [{ project: 'other' }, false],
    [{ action: 'deploy.*', environment: 'production', project: 'other' }, false],
  ])('selects with %j: %s', (selector, matches) => {
    const verdict = judge(question, [policy('a', { kind: 'allow_action', selector })]);
    expect(verdict.answer).toBe(matches ? 'allow' : 'deny');
  });

  test.each([
    ['production', 'deny', 'b'],
    ['staging', 'allow', 'a'],
  ] as const)('in %s answers %s where a policy denies in production alone', (environment, answer, by) => {
    const policies = [policy('a', allow), { ...policy('b', deny), scope_env: 'production' as const }];
    expect(judge({ ...question, environment }, policies)).toMatchObject({ answer, policy: by });
  });

  test('denies where no policy covers the environment', () => {
    const policies = [{ ...policy('a', allow), scope_env: 'staging' as const }];
    expect(judge(question, policies)).toMatchObject({ answer: 'deny', policy: 'default' });
  });

  test('takes the largest quorum and the shortest expiry of all approvals asked for', () => {
    const policies = [policy('a', allow, approval(1, 60)), policy('b', approval(3, 600))];
    const verdict = judge(question, policies);
    expect(verdict.approval).toEqual({ quorum: 3, expiresInSeconds: 60 });
    expect(verdict.policy).toBe('b');
  });

  test('says which rule decided and why', () => {
    expect(judge(question, [policy('guard', allow, deny)]).reason).toBe(
      'rule 2 of policy "guard" denies deploy.upgrade in production (project default): freeze',
    );
    expect(judge(question, []).reason).toContain('tenant acme has no policy');
    expect(judge(question, [policy('a')]).reason).toContain('what is not allowed is denied');
  });
});

describe('strictest', () => {
  const allows: PolicyVerdict = { answer: 'allow', policy: 'open', reason: 'open' };
  const denies: PolicyVerdict = { answer: 'deny', policy: 'frozen', reason: 'frozen' };
  const asks = (name: string, quorum: number, expiresInSeconds: number): PolicyVerdict => ({
    answer: 'require_approval',
    policy: name,
    reason: name,
    approval: { quorum, expiresInSeconds },
  });

  test.each<[string, PolicyVerdict[], PolicyVerdict]>([
    ['a denial beside all else', [allows, asks('a', 3, 60), denies], denies],
    ['an approval beside an allowance', [allows, asks('a', 1, 60)], asks('a', 1, 60)],
    [
      'the largest quorum, in the words that ask for it, with the shortest expiry',
      [asks('a', 1, 60), asks('b', 3, 600), asks('c', 2, 300)],
      asks('b', 3, 60),
    ],
    ['an allowance where nothing else is said', [allows, allows], allows],
    [
      'an allowance where nothing is asked for',
      [],
      { answer: 'allow', policy: 'none', reason: 'nothing is asked for' },
    ],
  ])('is %s', (_, verdicts, verdict) => {
    expect(strictest(verdicts)).toEqual(verdict);
    expect(strictest(verdicts.toReversed())).toEqual(verdict);
  });
});
