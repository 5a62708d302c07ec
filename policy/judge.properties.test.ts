import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Policy, PolicyAction, type PolicyVerdict } from '../domain/policy.ts';
import { Environment } from '../domain/tenant.ts';
import { allow, approval, budget, deny, egress, policyOf, questionFor } from '../test/builders/policies.ts';
import { judge } from './judge.ts';
import { strictest } from './strictest.ts';

const STRICTNESS = ['allow', 'require_approval', 'deny'];
const strictness = ({ answer }: { answer: string }) => STRICTNESS.indexOf(answer);

const selector = fc.record(
  {
    action: fc.constantFrom('*', 'deploy.*', 'lifecycle.*', 'lifecycle.delete'),
    environment: fc.constantFrom(...Environment.options),
    project: fc.constantFrom('default', 'other'),
  },
  { requiredKeys: [] },
);
const when = fc.constantFrom(
  undefined,
  undefined,
  'desired.replicas > 2',
  'cost.after > cost.before',
  'runtime.labels.team == "a"',
  'no such word',
);
const more = fc
  .record({ selector, when })
  .map(({ selector, when }) => (when ? { selector, when } : { selector }));
const cidrs = fc.subarray(['10.0.0.0/8', '10.1.0.0/16', '192.168.0.0/16']);
const rule = fc.oneof(
  more.map(each => allow({}, each)),
  more.map(each => deny({}, each)),
  fc.tuple(fc.integer({ min: 1, max: 3 }), more).map(([quorum, each]) => approval({ quorum }, each)),
  fc
    .tuple(fc.constantFrom(5, 50, 500), fc.constantFrom('deny', 'require_approval'), more)
    .map(([monthly, over, each]) => budget({ monthly, over }, each)),
  fc.tuple(cidrs, more).map(([cidrs, each]) => egress({ cidrs }, each)),
);
const policy = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    rules: fc.array(rule, { maxLength: 4 }),
    mode: fc.constantFrom<Policy['mode']>('enforce', 'enforce', 'shadow'),
    scope_env: fc.constantFrom<Policy['scope_env']>(null, null, 'production'),
    inherited_from: fc.constantFrom(null, null, 'holding', 'group'),
  })
  .map(({ name, rules, ...rest }) => ({ ...policyOf(name, ...rules), ...rest }));
/** The database gives every policy its own id. */
const policies = fc
  .array(policy, { maxLength: 6 })
  .map(all => all.map((each, index): Policy => ({ ...each, id: `pol_${index}` })));
const question = fc
  .record({
    action: fc.constantFrom(...PolicyAction.options),
    environment: fc.constantFrom(...Environment.options),
    desired: fc.record({ replicas: fc.integer({ min: 1, max: 4 }) }),
    cost: fc.record({ after: fc.constantFrom(5, 10, 60), tenant: fc.constantFrom(0, 100) }),
  })
  .map(questionFor);
const own = (rule: unknown): Policy => ({ ...policyOf('added', rule), id: 'pol_added' });

describe('the answer to any question', () => {
  test('does not depend on the order of the policies', () => {
    fc.assert(
      fc.property(
        question,
        policies.chain(all =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
        ),
        (question, [all, shuffled]) => {
          expect(judge(question, shuffled)).toEqual(judge(question, all));
        },
      ),
    );
  });

  test('does not depend on the order of the rules in a policy', () => {
    fc.assert(
      fc.property(question, policies, (question, all) => {
        const turned = all.map(each => ({ ...each, rules: each.rules.toReversed() }));
        expect(judge(question, turned).answer).toBe(judge(question, all).answer);
      }),
    );
  });

  test('is never loosened by one more deny, approval or budget', () => {
    const stricter = rule.filter(({ kind }) =>
      ['deny_action', 'require_approval', 'budget_guardrail'].includes(kind),
    );
    fc.assert(
      fc.property(question, policies, stricter, (question, all, rule) => {
        fc.pre(all.some(({ mode }) => mode === 'enforce'));
        const [before, after] = [judge(question, all), judge(question, [...all, own(rule)])];
        // Where the default denies, an approval opens a way, which people have to go.
        if (before.policy !== 'default') expect(strictness(after)).toBeGreaterThanOrEqual(strictness(before));
        if (rule.kind !== 'require_approval' && rule.kind !== 'budget_guardrail')
          expect(strictness(after)).toBeGreaterThanOrEqual(strictness(before));
      }),
    );
  });

  test('is deny where any deny matches', () => {
    fc.assert(
      fc.property(question, policies, (question, all) => {
        expect(judge(question, [...all, own(deny())]).answer).toBe('deny');
      }),
    );
  });

  test('is never made looser than a deny or an approval by one more allow', () => {
    fc.assert(
      fc.property(question, policies, (question, all) => {
        const [before, after] = [judge(question, all), judge(question, [...all, own(allow())])];
        if (!['default', 'none'].includes(before.policy)) expect(after.answer).toBe(before.answer);
        else expect(after.answer).toBe('allow');
      }),
    );
  });

  test('is the same with and without policies in shadow mode', () => {
    fc.assert(
      fc.property(question, policies, (question, all) => {
        const enforced = all.filter(({ mode }) => mode === 'enforce');
        const { shadow: _, digest: __, ...verdict } = judge(question, all);
        expect(judge(question, enforced)).toMatchObject(verdict);
      }),
    );
  });

  test('is in shadow what it is when those policies are enforced', () => {
    fc.assert(
      fc.property(question, policies, (question, all) => {
        const enforced = all.map(each => ({ ...each, mode: 'enforce' as const }));
        const { answer, reason } = judge(question, enforced);
        if (all.some(({ mode }) => mode === 'shadow'))
          expect(judge(question, all).shadow).toEqual({ answer, reason });
      }),
    );
  });

  test('is deny where a tenant above denies, whatever is made below', () => {
    fc.assert(
      fc.property(question, policies, policies, (question, above, below) => {
        const inherited = above.map(each => ({ ...each, inherited_from: 'holding' }));
        const mine = below.map((each, index) => ({ ...each, id: `pol_own_${index}`, inherited_from: null }));
        fc.pre(inherited.some(({ mode }) => mode === 'enforce'));
        const before = judge(question, inherited);
        if (before.answer === 'deny' && before.policy !== 'default')
          expect(judge(question, [...inherited, ...mine]).answer).toBe('deny');
        for (const demand of before.demands)
          expect(judge(question, [...inherited, ...mine])).toSatisfy(
            (after: PolicyVerdict) =>
              after.answer === 'deny' ||
              after.demands.some(one => JSON.stringify(one) === JSON.stringify(demand)),
          );
      }),
    );
  });

  test('never lets a runtime reach further than every tenant above', () => {
    fc.assert(
      fc.property(policies, cidrs, (all, bound) => {
        const inherited = { ...policyOf('bound', egress({ cidrs: bound })), inherited_from: 'top' };
        const reach = judge(questionFor(), [...all, inherited]).obligations.egress?.cidrs ?? ['everything'];
        const inside = (cidr: string) =>
          bound.includes(cidr) || (cidr === '10.1.0.0/16' && bound.includes('10.0.0.0/8'));
        expect(reach.every(inside)).toBe(true);
      }),
    );
  });
});

describe('strictest of any verdicts', () => {
  const verdicts = fc.array(
    fc.tuple(question, policies).map(([question, all]) => judge(question, all)),
    { maxLength: 4 },
  );

  test('does not depend on their order', () => {
    fc.assert(
      fc.property(
        verdicts.chain(all =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
        ),
        ([all, shuffled]) => {
          expect(strictest(shuffled)).toEqual(strictest(all));
        },
      ),
    );
  });

  test('is the same once more, and with one of them twice', () => {
    fc.assert(
      fc.property(verdicts, all => {
        const once = strictest(all);
        expect(strictest([once])).toEqual(once);
        expect(strictest([...all, ...all.slice(0, 1)])).toEqual(once);
      }),
    );
  });

  test('is at least as strict as each', () => {
    fc.assert(
      fc.property(verdicts, all => {
        for (const each of all) expect(strictness(strictest(all))).toBeGreaterThanOrEqual(strictness(each));
      }),
    );
  });
});
