import { describe, expect, test } from 'vitest';
import type { Policy } from '../domain/policy.ts';
import { allow, approval, deny, fromAbove, inShadow, policyOf } from '../test/builders/policies.ts';
import { contradictionsOf } from './contradictions.ts';

const found = (...policies: Policy[]) =>
  contradictionsOf(policies).map(({ kind, rules }) => [
    kind,
    ...rules.map(({ policy, rule }) => `${policy} ${rule}`),
  ]);

describe('a warning', () => {
  test('names an allow that has no effect and the deny that takes it away', () => {
    const policies = [
      policyOf('a', allow({ action: 'deploy.upgrade' })),
      policyOf('b', deny({ action: 'deploy.*' })),
    ];
    expect(contradictionsOf(policies)).toMatchObject([
      {
        kind: 'allow_without_effect',
        message:
          'rule 1 of policy "a" has no effect: rule 1 of policy "b" denies all that it allows, and a deny always wins',
        rules: [
          { policy: 'a', rule: 1 },
          { policy: 'b', rule: 1 },
        ],
      },
    ]);
  });

  test.each([
    ['the same selector', [policyOf('a', allow(), deny())], 'allow_without_effect'],
    ['a wider allow', [policyOf('a', allow(), deny({ action: 'lifecycle.delete' }))], 'allow_and_deny'],
    [
      'selectors that meet',
      [policyOf('a', allow({ project: 'web' }), deny({ labels: { tier: '*' } }))],
      'allow_and_deny',
    ],
    [
      'a deny of a tenant above',
      [fromAbove(policyOf('a', deny())), policyOf('b', allow({ project: 'web' }))],
      'allow_without_effect',
    ],
    [
      'a condition on the allow',
      [policyOf('a', allow({}, { when: 'desired.gpus == 0' }), deny())],
      'allow_without_effect',
    ],
  ])('is given for an allow and a deny with %s', (_, policies, kind) => {
    expect(found(...policies).map(([kind]) => kind)).toEqual([kind]);
  });

  test.each([
    [
      'other environments',
      [policyOf('a', allow({ environment: 'staging' }), deny({ environment: 'production' }))],
    ],
    [
      'policies for other environments',
      [
        { ...policyOf('a', allow()), scope_env: 'staging' as const },
        { ...policyOf('b', deny()), scope_env: 'production' as const },
      ],
    ],
    ['other actions', [policyOf('a', allow({ action: 'deploy.*' }), deny({ action: 'lifecycle.*' }))]],
    ['other labels', [policyOf('a', allow({ labels: { team: 'x' } }), deny({ labels: { team: 'y' } }))]],
    ['a condition on the deny', [policyOf('a', allow(), deny({}, { when: 'desired.gpus > 0' }))]],
    ['one of them in shadow', [policyOf('a', allow()), inShadow(policyOf('b', deny()))]],
    ['an approval instead', [policyOf('a', allow(), approval())]],
  ])('is not given for an allow and a deny with %s', (_, policies) => {
    expect(found(...policies)).toEqual([]);
  });

  test('names both of two rules that say the same, whatever their reasons', () => {
    const one = { kind: 'deny_action', selector: { action: 'deploy.*', project: 'web' }, reason: 'one' };
    const other = { reason: 'other', selector: { project: 'web', action: 'deploy.*' }, kind: 'deny_action' };
    expect(found(policyOf('a', one), policyOf('b', other))).toEqual([['duplicate', 'a 1', 'b 1']]);
    expect(found(policyOf('a', approval({ quorum: 1 })), policyOf('b', approval({ quorum: 2 })))).toEqual([]);
  });

  test('tells a rule that can match nothing', () => {
    const policy = { ...policyOf('a', deny({ environment: 'staging' })), scope_env: 'production' as const };
    expect(found(policy, policyOf('b', allow({ action: 'nothing.*' })))).toEqual([
      ['matches_nothing', 'a 1'],
      ['matches_nothing', 'b 1'],
    ]);
    const foreign = policyOf('a', deny({ tenant: 'globex' }));
    expect(contradictionsOf([foreign], { tenants: ['acme'] })).toMatchObject([{ kind: 'matches_nothing' }]);
    expect(contradictionsOf([fromAbove(foreign)], { tenants: ['acme'] })).toEqual([]);
  });

  test.each([
    ['runtime.labels.team == "x"', true],
    ['runtime.labels["team"] == "x"', true],
    ['before.cpu < 2.0', true],
    ['has(runtime.labels.team) && runtime.labels.team == "x"', false],
    ["'team' in runtime.labels && runtime.labels.team == 'x'", false],
    ['before != null && before.cpu < 2.0', false],
    ['before == null || before.cpu < 2.0', false],
    ['desired.cpu < 2.0', false],
  ])('is given where %s may fail: %s', (when, given) => {
    expect(found(policyOf('a', deny({}, { when }))).length > 0).toBe(given);
  });
});
