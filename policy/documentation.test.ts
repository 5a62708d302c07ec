import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Policy, PolicyRule } from '../domain/policy.ts';
import { PriceTable } from '../domain/price-table.ts';
import { deny, policyOf } from '../test/builders/policies.ts';
import { checkRules } from './check-rules.ts';
import { contradictionsOf } from './contradictions.ts';
import { PolicyFixture, runSuite } from './suite.ts';

const text = readFileSync(new URL('../docs/policies.md', import.meta.url), 'utf8');
const blocks = (language: string) =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, block = '']) => block);

describe('docs/policies.md', () => {
  const [policies = '', suite = ''] = blocks('yaml');
  const written = (parse(policies) as { policies: { name: string; rules: unknown[] }[] }).policies;
  const example = written.map(
    ({ name, rules, ...rest }): Policy => ({ ...policyOf(name, ...rules), ...rest }),
  );

  test('shows policies that are accepted', () => {
    expect(new Set(example.flatMap(({ rules }) => rules.map(({ kind }) => kind))).size).toBe(5);
    for (const { rules, scope_env } of example) expect(checkRules(rules, { scope_env })).toEqual([]);
  });

  test('shows fixtures that these policies pass', () => {
    const fixtures = PolicyFixture.array().parse((parse(suite) as { fixtures: unknown }).fixtures);
    expect(runSuite(example, fixtures).fixtures.filter(({ passed }) => !passed)).toEqual([]);
  });

  test.each(blocks('cel'))('shows a condition that is accepted and does not fail: %s', when => {
    const rule = PolicyRule.parse(deny({}, { when: when.trim() }));
    expect(checkRules([rule])).toEqual([]);
    expect(contradictionsOf([policyOf('a', rule)])).toEqual([]);
  });

  test('has six conditions and a price table', () => {
    expect(blocks('cel')).toHaveLength(6);
    expect(() => PriceTable.parse(JSON.parse(blocks('json')[0] ?? ''))).not.toThrow();
  });
});
