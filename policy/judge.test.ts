import { describe, expect, test } from 'vitest';
import type { PolicyQuestion } from '../domain/policy.ts';
import {
  allow,
  approval,
  budget,
  deny,
  egress,
  fromAbove,
  inShadow,
  policyOf,
  questionFor,
} from '../test/builders/policies.ts';
import { DESTRUCTIVE_ACTIONS } from './defaults.ts';
import { digestOf, judge } from './judge.ts';

const upgrade = questionFor();
const deletion = questionFor({ action: 'lifecycle.delete' });
const frozen = deny({ action: 'deploy.upgrade' }, { reason: 'freeze' });

describe('judge', () => {
  test.each([
    ['an allow that matches', [policyOf('a', allow())], 'allow', 'a'],
    ['a deny beside an allow', [policyOf('a', allow()), policyOf('b', frozen)], 'deny', 'b'],
    ['a deny before an allow', [policyOf('b', frozen), policyOf('a', allow())], 'deny', 'b'],
    ['a deny beside an approval', [policyOf('a', approval()), policyOf('b', frozen)], 'deny', 'b'],
    ['an approval beside an allow', [policyOf('a', allow(), approval())], 'require_approval', 'a'],
    ['an approval without an allow', [policyOf('a', approval())], 'require_approval', 'a'],
    ['no rule that matches', [policyOf('a', deny({ action: 'deploy.install' }))], 'allow', 'default'],
    ['a policy without rules', [policyOf('a')], 'allow', 'default'],
    ['no policy at all', [], 'deny', 'none'],
    ['none but shadow policies', [inShadow(policyOf('a', allow()))], 'deny', 'none'],
  ])('answers %s', (_, policies, answer, by) => {
    expect(judge(upgrade, policies)).toMatchObject({ answer, policy: by });
  });

  test.each<[PolicyQuestion['environment'], PolicyQuestion['action'], string]>([
    ['development', 'lifecycle.delete', 'allow'],
    ['staging', 'lifecycle.delete', 'allow'],
    ['production', 'deploy.install', 'allow'],
    ['production', 'lifecycle.scale', 'allow'],
    ['production', 'lifecycle.snapshot', 'allow'],
    ...DESTRUCTIVE_ACTIONS.map(
      action => ['production', action, 'deny'] as [typeof upgrade.environment, typeof action, string],
    ),
  ])('without a rule about it, %s answers %s with %s', (environment, action, answer) => {
    const verdict = judge(questionFor({ environment, action }), [policyOf('a')]);
    expect(verdict).toMatchObject({ answer, policy: 'default', rules: [] });
  });

  test.each([
    ['an allow', allow({ action: 'lifecycle.delete' }), 'allow'],
    ['an approval, which allows once it is met', approval(), 'require_approval'],
    ['an allow for something else', allow({ action: 'lifecycle.stop' }), 'deny'],
    ['a budget that is kept', budget({ monthly: 1000 }), 'deny'],
    ['an egress rule', egress({}), 'deny'],
  ])('a deletion in production with %s', (_, rule, answer) => {
    expect(judge(deletion, [policyOf('a', rule)]).answer).toBe(answer);
  });

  test('says which rule decided and why', () => {
    expect(judge(upgrade, [policyOf('guard', allow(), frozen)]).reason).toBe(
      'rule 2 of policy "guard" denies deploy.upgrade in production (project default): freeze',
    );
    expect(judge(upgrade, []).reason).toContain('tenant acme has no policy');
    expect(judge(deletion, [policyOf('a')]).reason).toContain(
      'production denies lifecycle.delete unless a rule allows it',
    );
  });

  test('names every rule that matched, and nothing of the order the policies came in', () => {
    const policies = [policyOf('b', approval(), frozen), policyOf('a', allow(), deny({ project: 'other' }))];
    const verdict = judge(upgrade, policies);
    expect(verdict.rules.map(({ policy, rule }) => `${policy} ${rule}`)).toEqual(['a 1', 'b 1', 'b 2']);
    expect(judge(upgrade, policies.toReversed())).toEqual(verdict);
  });

  test('digests ids and versions of all policies, whatever their order', () => {
    const [one, other] = [policyOf('a'), inShadow(policyOf('b'))];
    expect(judge(upgrade, [one, other]).digest).toBe(digestOf([other, one]));
    expect(digestOf([{ ...one, version: 2 }, other])).not.toBe(digestOf([one, other]));
  });
});

describe('approvals', () => {
  test('are all demanded, with the shortest expiry, in the words of the one that asks most people', () => {
    const policies = [
      policyOf('a', approval({ quorum: 1, expires_in_seconds: 60, roles: ['operator'] })),
      policyOf('b', approval({ quorum: 3, expires_in_seconds: 600, groups: ['owners'], acr: ['mfa'] })),
    ];
    const verdict = judge(upgrade, policies);
    expect(verdict).toMatchObject({ answer: 'require_approval', policy: 'b', expires_in_seconds: 60 });
    expect(verdict.demands).toEqual([
      { quorum: 1, roles: ['operator'], groups: [], acr: [], because: 'rule 1 of policy "a"' },
      { quorum: 3, roles: [], groups: ['owners'], acr: ['mfa'], because: 'rule 1 of policy "b"' },
    ]);
    expect(verdict.reason).toContain('3 people with group owners, signed in by mfa');
  });

  test('are not demanded of what is denied', () => {
    expect(judge(upgrade, [policyOf('a', approval(), frozen)])).toMatchObject({
      demands: [],
      expires_in_seconds: null,
    });
  });
});

describe('a rule with a condition', () => {
  const when = (text: string) => ({ when: text });

  test.each([
    [deny({}, when('desired.replicas > 3')), { desired: { replicas: 4 } }, 'deny'],
    [deny({}, when('desired.replicas > 3')), { desired: { replicas: 3 } }, 'allow'],
    [allow({}, when('"sre" in requester.groups')), { requester: { groups: ['sre'] } }, 'allow'],
    [allow({}, when('"sre" in requester.groups')), {}, 'deny'],
    [approval({}, when('cost.after > cost.before')), { cost: { after: 20 } }, 'require_approval'],
    [approval({}, when('cost.after > cost.before')), {}, 'deny'],
  ])('%j on %j: %s', (rule, partial, answer) => {
    const question = questionFor({ action: 'lifecycle.delete', ...partial });
    const policies = rule.kind === 'deny_action' ? [policyOf('a', allow(), rule)] : [policyOf('a', rule)];
    expect(judge(question, policies).answer).toBe(answer);
  });

  test.each([
    ['an allow', allow({}, when('runtime.labels.team == "a"'))],
    ['an approval', approval({}, when('runtime.labels.team == "a"'))],
    ['a budget', budget({ monthly: 10_000 }, when('runtime.labels.team == "a"'))],
    ['an egress rule', egress({}, when('runtime.labels.team == "a"'))],
    ['a deny', deny({}, when('runtime.labels.team == "a"'))],
    ['an allow that cannot be read', allow({}, when('1 +'))],
  ])('that fails denies, also when it is %s', (_, rule) => {
    const verdict = judge(upgrade, [policyOf('open', allow()), policyOf('a', rule)]);
    expect(verdict).toMatchObject({ answer: 'deny', policy: 'a' });
    expect(verdict.reason).toMatch(/^rule 1 of policy "a" could not be asked .*its condition/);
  });

  test('that fails says nothing where its selector does not fit', () => {
    expect(judge(upgrade, [policyOf('a', deny({ project: 'other' }, when('1 / 0 == 1')))]).answer).toBe(
      'allow',
    );
  });
});

describe('what a tenant above has made', () => {
  test('denies, and nothing below undoes it', () => {
    expect(judge(upgrade, [fromAbove(policyOf('a', frozen)), policyOf('b', allow())])).toMatchObject({
      answer: 'deny',
      reason: expect.stringContaining('rule 1 of policy "a" of tenant holding above denies'),
    });
  });

  test('demands approval', () => {
    const policies = [fromAbove(policyOf('a', approval({ quorum: 2 }))), policyOf('b', allow())];
    expect(judge(upgrade, policies)).toMatchObject({ answer: 'require_approval', demands: [{ quorum: 2 }] });
  });

  test('keeps its budget', () => {
    const question = questionFor({ cost: { before: 10, after: 20, tenant: 90 } });
    expect(judge(question, [fromAbove(policyOf('a', budget({ monthly: 100 })))]).answer).toBe('deny');
  });

  test('allows nothing, and a broken allow of it denies nothing', () => {
    expect(judge(deletion, [fromAbove(policyOf('a', allow()))])).toMatchObject({
      answer: 'deny',
      policy: 'default',
      rules: [],
    });
    expect(judge(upgrade, [fromAbove(policyOf('a', allow({}, { when: '1 / 0 == 1' })))]).answer).toBe(
      'allow',
    );
  });

  test('may be for one of its tenants alone', () => {
    const policies = [fromAbove(policyOf('a', deny({ tenant: 'acme' })))];
    expect(judge(upgrade, policies).answer).toBe('deny');
    expect(judge(questionFor({ tenant: 'globex' }), policies).answer).toBe('allow');
  });
});

describe('a policy in shadow mode', () => {
  test('changes nothing but what is said beside the answer', () => {
    const open = policyOf('open', allow());
    const verdict = judge(upgrade, [open, inShadow(policyOf('strict', frozen))]);
    expect(verdict).toMatchObject({
      answer: 'allow',
      policy: 'open',
      rules: [{ policy: 'open' }],
      shadow: { answer: 'deny', reason: expect.stringContaining('policy "strict" denies') },
    });
  });

  test('is not spoken of where there is none', () => {
    expect(judge(upgrade, [policyOf('open', allow())]).shadow).toBeNull();
  });
});
