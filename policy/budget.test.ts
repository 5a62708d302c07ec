import { describe, expect, test } from 'vitest';
import { allow, budget, policyOf, questionFor } from '../test/builders/policies.ts';
import { judge } from './judge.ts';

const cost = { before: 10, after: 30, tenant: 100, project: 50, environment: 70, unit: 'EUR' };
const question = questionFor({ cost });

describe('a budget', () => {
  test.each([
    ['tenant', 130, 'allow', 0],
    ['tenant', 129.99, 'deny', -0.01],
    ['project', 80, 'allow', 0],
    ['project', 79, 'deny', -1],
    ['environment', 100, 'allow', 0],
    ['environment', 90, 'deny', -10],
    ['runtime', 30, 'allow', 0],
    ['runtime', 29, 'deny', -1],
  ])('per %s of %d: %s, with %d left', (per, monthly, answer, left) => {
    const verdict = judge(question, [policyOf('a', allow(), budget({ per, monthly }))]);
    expect(verdict.answer).toBe(answer);
    expect(verdict.obligations.budgets).toEqual([
      { per, monthly, left, unit: 'EUR', because: 'rule 2 of policy "a"' },
    ]);
  });

  test('that is passed says by how much', () => {
    expect(judge(question, [policyOf('a', budget({ monthly: 100 }))]).reason).toBe(
      'rule 1 of policy "a" denies deploy.upgrade in production (project default): it limits the tenant to 100 EUR a month, and this makes it 130 EUR, 30 over',
    );
  });

  test('asks for approval instead where it says so, of one person within a day unless it says more', () => {
    const rule = { monthly: 100, over: 'require_approval' };
    expect(judge(question, [policyOf('a', budget(rule))])).toMatchObject({
      answer: 'require_approval',
      demands: [{ quorum: 1 }],
      expires_in_seconds: 86_400,
      reason: expect.stringContaining('30 over'),
    });
    const approval = { quorum: 2, roles: ['tenant_admin'], expires_in_seconds: 600 };
    expect(judge(question, [policyOf('a', budget({ ...rule, approval }))])).toMatchObject({
      demands: [{ quorum: 2, roles: ['tenant_admin'] }],
      expires_in_seconds: 600,
    });
  });

  test.each([
    ['lowers', 5],
    ['keeps', 10],
  ])('never stands in the way of what %s the cost of the runtime', (_, after) => {
    const verdict = judge(questionFor({ cost: { ...cost, after } }), [policyOf('a', budget({ monthly: 1 }))]);
    expect(verdict.answer).toBe('allow');
    expect(verdict.obligations.budgets[0]?.left).toBeLessThan(0);
  });

  test('is exceeded by a cost that is no number', () => {
    const unknown = { ...question, cost: { ...question.cost, after: Number.NaN } };
    expect(judge(unknown, [policyOf('a', budget({ monthly: 1_000_000 }))]).answer).toBe('deny');
  });

  test('is not passed by the errors of binary fractions', () => {
    const sums = questionFor({ cost: { ...cost, after: 0.1, tenant: 0.2, before: 0 } });
    expect(judge(sums, [policyOf('a', budget({ monthly: 0.3 }))]).answer).toBe('allow');
  });
});
