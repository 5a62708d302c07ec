import { describe, expect, test } from 'vitest';
import { PolicyRule } from '../domain/policy.ts';
import { deny, policyOf, questionFor } from '../test/builders/policies.ts';
import { covers } from './glob.ts';
import { judge } from './judge.ts';
import { misfitsOf } from './select.ts';

const question = questionFor({
  runtime: { type: 'agent_runtime', labels: { team: 'search', tier: '1' }, lifecycle: 'running' },
});

describe('a selector', () => {
  test('that wants more labels than a runtime can bear is refused', () => {
    const wanting = (count: number) =>
      deny({ labels: Object.fromEntries(Array.from({ length: count }, (_, n) => [`label-${n}`, '*'])) });
    expect(PolicyRule.safeParse(wanting(64)).success).toBe(true);
    expect(PolicyRule.safeParse(wanting(65)).success).toBe(false);
  });

  test.each([
    [{}, true],
    [{ action: 'deploy.upgrade' }, true],
    [{ action: 'deploy.*' }, true],
    [{ action: '*' }, true],
    [{ action: '*.upgrade' }, true],
    [{ action: 'deploy' }, false],
    [{ action: 'deploy.upgrade.all' }, false],
    [{ action: 'lifecycle.*' }, false],
    [{ tenant: 'acme' }, true],
    [{ tenant: 'globex' }, false],
    [{ environment: 'production' }, true],
    [{ environment: 'staging' }, false],
    [{ project: 'default' }, true],
    [{ project: 'other' }, false],
    [{ runtime_kind: 'agent_runtime' }, true],
    [{ runtime_kind: 'vm' }, false],
    [{ lifecycle: 'running' }, true],
    [{ lifecycle: 'new' }, false],
    [{ labels: { team: 'search' } }, true],
    [{ labels: { team: '*' } }, true],
    [{ labels: { team: 'search', tier: '1' } }, true],
    [{ labels: { team: 'ads' } }, false],
    [{ labels: { owner: '*' } }, false],
    [{ labels: { constructor: '*' } }, false],
    [{ action: 'deploy.*', environment: 'production', project: 'other' }, false],
  ])('%j fits: %s', (selector, fits) => {
    expect(judge(question, [policyOf('a', deny(selector))]).answer).toBe(fits ? 'deny' : 'allow');
    expect(misfitsOf({ scope_env: null }, PolicyRule.parse(deny(selector)), question)).toHaveLength(
      fits ? 0 : 1,
    );
  });

  test.each([
    ['production', 'deny'],
    ['staging', 'allow'],
  ] as const)('in %s, of a policy for production alone: %s', (environment, answer) => {
    const policy = { ...policyOf('a', deny()), scope_env: 'production' as const };
    expect(judge(questionFor({ environment }), [policy]).answer).toBe(answer);
  });

  test('tells every word that does not fit', () => {
    const rule = PolicyRule.parse(deny({ project: 'other', labels: { owner: 'me' }, action: 'lifecycle.*' }));
    expect(misfitsOf({ scope_env: 'staging' }, rule, question)).toEqual([
      { word: 'scope_env', wanted: 'staging', is: 'production' },
      { word: 'project', wanted: 'other', is: 'default' },
      { word: 'action', wanted: 'lifecycle.*', is: 'deploy.upgrade' },
      { word: 'labels.owner', wanted: 'me', is: 'no such label' },
    ]);
  });
});

describe('a glob', () => {
  test.each([
    ['lifecycle.*', 'lifecycle.delete', true],
    ['*delete', 'lifecycle.delete', true],
    ['l*e.*e', 'lifecycle.delete', true],
    ['lifecycle.delete*', 'lifecycle.delete', true],
    ['lifecycle.delete*e', 'lifecycle.delete', false],
    ['lifecycle.del*lete', 'lifecycle.delete', false],
    ['lifecycle?delete', 'lifecycle.delete', false],
    ['', 'lifecycle.delete', false],
  ])('%s covers %s: %s', (glob, action, answer) => {
    expect(covers(glob, action)).toBe(answer);
  });

  test('of nothing but stars takes no time', () => {
    const started = performance.now();
    expect(covers(`${'*e'.repeat(31)}*x`, 'lifecycle.attach_observer')).toBe(false);
    expect(performance.now() - started).toBeLessThan(50);
  });
});
