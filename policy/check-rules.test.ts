import { describe, expect, test } from 'vitest';
import { PolicyRule } from '../domain/policy.ts';
import { allow, approval, deny, egress } from '../test/builders/policies.ts';
import { checkRules, type Whereabouts } from './check-rules.ts';

const check = (rule: unknown, where: Whereabouts = {}) =>
  checkRules([PolicyRule.parse(allow()), PolicyRule.parse(rule)], where);

describe('rules are refused', () => {
  test.each([
    ['that cannot be read, with the place', 'desired.replicas >\n  > 2', 'line 1, column 18'],
    [
      'with a mistake in a later line',
      'true &&\n  dessired.cpu > 2.0',
      'knows no dessired; there is action, tenant',
    ],
    ['with an unknown field', 'desired.cpus > 2.0', 'looks for cpus; there is cpu, memory_mib'],
    ['with a field of a text', 'environment.name == "x"', 'looks for name in a text'],
    ['with an unknown function', 'lower(environment) == "production"', 'calls lower'],
    ['with a method nothing has', 'environment.lower() == "production"', 'calls lower'],
    [
      'with a wrong argument',
      'runtime.name.startsWith(1)',
      'calls startsWith with a text and a whole number',
    ],
    ['that are no question', 'desired.replicas', 'comes to a whole number and not to true or false'],
    ['that are no question either', 'desired.replicas + 1', 'comes to a whole number'],
    ['that mix numbers', 'cost.after * 2 > 10', 'write 2.0 instead of 2'],
    ['that compare what is never equal', 'desired.replicas == "2"', 'never equal'],
    ['that order what has no order', 'runtime.labels < 3', 'no order'],
    ['with a word that is none', 'environment == "prod"', 'one of development, staging, production'],
    ['with a word that is none in a list', 'runtime.lifecycle in ["run", "stop"]', 'it is one of'],
    ['that take a number for a truth', 'desired.replicas && true', 'takes a whole number for true or false'],
    ['that go through a number', 'desired.replicas.exists(x, true)', 'has no entries'],
  ])('%s', (_, when, message) => {
    expect(check(deny({}, { when }))).toEqual([
      { path: [1, 'when'], message: expect.stringContaining(message) },
    ]);
  });

  test('with the place of the mistake', () => {
    const [problem] = check(deny({}, { when: 'true &&\n  dessired.cpu > 2.0' }));
    expect(problem?.message).toMatch(/\(line 2, column 3\)$/);
  });

  test.each<[string, object, Whereabouts, string, string]>([
    [
      'environment',
      { environment: 'staging' },
      { scope_env: 'production' },
      'holds in production only',
      'environment',
    ],
    ['action', { action: 'runtime.*' }, {}, 'there is no action runtime.*', 'action'],
    ['lifecycle', { lifecycle: 'new', action: 'lifecycle.s*' }, {}, 'nothing that is new', 'lifecycle'],
    [
      'tenant',
      { tenant: 'globex' },
      { tenants: ['acme', 'acme-lab'] },
      'neither this tenant nor one below',
      'tenant',
    ],
  ])('whose selector can match nothing by its %s', (_, selector, where, message, word) => {
    expect(check(deny(selector), where)).toEqual([
      { path: [1, 'selector', word], message: expect.stringContaining(message) },
    ]);
  });

  test('with ranges of addresses that are none', () => {
    expect(check(egress({ cidrs: ['10.0.0.0/8', '300.0.0.0/8', '10.0.0.0/40'] }))).toEqual([
      { path: [1, 'params', 'cidrs', 1], message: '300.0.0.0/8 is no range of addresses' },
      { path: [1, 'params', 'cidrs', 2], message: '10.0.0.0/40 is no range of addresses' },
    ]);
  });
});

describe('rules are accepted', () => {
  test.each([
    [deny({ environment: 'production' }), { scope_env: 'production' }],
    [deny({ lifecycle: 'new', action: '*' }), {}],
    [deny({ lifecycle: 'new', action: 'deploy.*' }), {}],
    [deny({ tenant: 'acme-lab' }), { tenants: ['acme', 'acme-lab'] }],
    [deny({ tenant: 'globex' }), {}],
    [approval({}, { when: 'before != null && desired.replicas > before.replicas' }), {}],
    [egress({ cidrs: ['10.0.0.0/8', '2001:db8::/32'] }), {}],
  ] as [unknown, Whereabouts][])('%j where %j', (rule, where) => {
    expect(check(rule, where)).toEqual([]);
  });
});
