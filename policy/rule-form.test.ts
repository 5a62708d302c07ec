import { describe, expect, test } from 'vitest';
import type { PolicyRule } from '../domain/policy.ts';
import { allow, approval, budget, deny, egress, policyOf, questionFor } from '../test/builders/policies.ts';
import { explain } from './explain.ts';
import { judge } from './judge.ts';
import { formProblem } from './rule-form.ts';

describe('what was put into the database past the API', () => {
  test.each<[string, unknown]>([
    ['nothing', null],
    ['a text', 'allow_action'],
    ['a list', []],
    ['a kind that this release does not have', { kind: 'deny_everything', selector: {} }],
    ['a rule without a selector', { kind: 'allow_action' }],
    ['a selector that is a text', { kind: 'allow_action', selector: '*' }],
    ['an action that is no text', { kind: 'allow_action', selector: { action: 5 } }],
    ['labels that are no texts', { kind: 'deny_action', selector: { labels: { team: ['a'] } } }],
    ['a condition that is no text', { kind: 'allow_action', selector: {}, when: 5 }],
    ['a demand without params', { kind: 'require_approval', selector: {} }],
    [
      'a demand for nobody’s consent',
      { kind: 'require_approval', selector: {}, params: { quorum: 0, expires_in_seconds: 60 } },
    ],
    [
      'a demand that never expires',
      { kind: 'require_approval', selector: {}, params: { quorum: 1, expires_in_seconds: null } },
    ],
    ['a budget without params', { kind: 'budget_guardrail', selector: {} }],
    [
      'a budget of no number',
      { kind: 'budget_guardrail', selector: {}, params: { monthly: '9', per: 'tenant', over: 'deny' } },
    ],
    [
      'a budget of nobody',
      { kind: 'budget_guardrail', selector: {}, params: { monthly: 9, per: 'planet', over: 'deny' } },
    ],
    ['a reach without params', { kind: 'data_egress', selector: {} }],
    ['a reach without ranges', { kind: 'data_egress', selector: {}, params: { namespaces: [] } }],
  ])('as a rule, such as %s, denies and is explained', (_, rule) => {
    const kept = policyOf('kept', allow());
    const policies = [{ ...kept, rules: [...kept.rules, rule as PolicyRule] }];
    const question = questionFor();
    const { answer, reason } = judge(question, policies);
    expect(answer).toBe('deny');
    expect(reason).toContain('rule 2 of policy "kept" could not be asked about');
    if (rule !== null) expect(explain(question, policies).rules[1]?.outcome).toBe('error');
  });

  test('as a rule that the API takes is judged', () => {
    const { rules } = policyOf(
      'made',
      allow({ action: 'deploy.*', labels: { team: '*' } }),
      deny({}, { when: 'desired.replicas > 3' }),
      approval({ quorum: 2, roles: ['operator'] }),
      approval(),
      budget({ monthly: 5, over: 'require_approval', approval: { groups: ['finance'] } }),
      egress({ cidrs: ['10.0.0.0/8'] }),
    );
    expect(rules.map(formProblem)).toEqual(rules.map(() => undefined));
  });
});
