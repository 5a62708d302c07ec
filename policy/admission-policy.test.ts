import { describe, expect, test } from 'vitest';
import { type Policy, PolicyRule } from '../domain/policy.ts';
import { CLUSTER_KINDS } from './admission-kinds.ts';
import { admissionPolicies } from './admission-policy.ts';
import { translateWhen } from './admission-when.ts';

function policy(rules: readonly object[], changes: Partial<Policy> = {}): Policy {
  return {
    id: 'pol_1',
    name: 'p',
    version: 3,
    mode: 'enforce',
    scope_env: null,
    inherited_from: null,
    ...changes,
    rules: rules.map(rule => PolicyRule.parse(rule)),
  };
}

interface Manifest {
  kind: string;
  metadata: { name: string };
  spec: {
    failurePolicy: string;
    matchConstraints: {
      objectSelector: { matchLabels: Record<string, string>; matchExpressions: { key: string }[] };
      resourceRules: { operations: string[]; resources: string[] }[];
    };
    matchConditions: { name: string; expression: string }[];
    validations: { expression: string; message: string }[];
  };
}

function exported(policies: readonly Policy[]) {
  const { manifests, left_out } = admissionPolicies(policies, { tenant: 'acme' });
  const all = manifests as Manifest[];
  return { made: all.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy'), all, left_out };
}

const requests = (rule: object, changes?: Partial<Policy>) =>
  exported([policy([rule], changes)]).made.map(({ spec }) => {
    const { operations, resources } = spec.matchConstraints.resourceRules[0] ?? {};
    return `${operations?.join()} ${resources?.join()}`;
  });
const deny = (selector: object, more: object = {}) => ({ kind: 'deny_action', selector, ...more });

describe('a rule becomes the requests that it denies', () => {
  test.each<[object, string[]]>([
    [{ action: 'deploy.install' }, ['CREATE deployments']],
    [{ action: 'deploy.*' }, ['CREATE deployments', 'UPDATE deployments']],
    [{ action: 'lifecycle.create', runtime_kind: 'vm' }, ['CREATE virtualmachines']],
    [
      { action: 'lifecycle.delete' },
      ['DELETE virtualmachines', 'DELETE statefulsets', 'DELETE sandboxes', 'DELETE deployments'],
    ],
    [
      { action: 'lifecycle.*', runtime_kind: 'sandbox' },
      ['CREATE sandboxes', 'UPDATE sandboxes', 'DELETE sandboxes'],
    ],
    [{ runtime_kind: 'agent_runtime', lifecycle: 'new' }, ['CREATE deployments']],
    [{ action: 'lifecycle.delete', environment: 'production' }, ['DELETE deployments']],
    [{ action: 'lifecycle.delete', labels: { team: 'a' } }, ['DELETE virtualmachines', 'DELETE sandboxes']],
    [{ action: 'lifecycle.*', runtime_kind: 'agent_runtime' }, ['DELETE deployments']],
    [{ action: 'lifecycle.stop' }, []],
    [{ action: 'intent.plan' }, []],
  ])('%j', (selector, expected) => {
    expect(requests(deny(selector))).toEqual(expected);
  });

  test('no update is refused that might be an action the rule does not deny', () => {
    const updates = Object.values(CLUSTER_KINDS).flatMap(({ ways }) =>
      ways.filter(({ operation, condition }) => operation === 'UPDATE' && !condition?.includes('containers')),
    );
    for (const { actions } of updates)
      for (const action of actions)
        expect(requests(deny({ action })).join()).not.toMatch(/UPDATE (?!deployments)/);
    expect(requests(deny({ action: 'lifecycle.scale' }))).toEqual([]);
  });

  test('with a binding each, on our objects of the tenant and of nobody else, failing closed', () => {
    const selector = { action: 'deploy.install', project: 'payments' };
    const { all } = exported([policy([deny(selector, { reason: 'not\nnow' })], { scope_env: 'production' })]);
    expect(all).toMatchObject([
      {
        kind: 'ValidatingAdmissionPolicy',
        spec: {
          failurePolicy: 'Fail',
          matchConstraints: {
            objectSelector: {
              matchLabels: {
                'runtimeai.dev/tenant': 'acme',
                'runtimeai.dev/project': 'payments',
                'runtimeai.dev/environment': 'production',
              },
              matchExpressions: [{ key: 'runtimeai.dev/runtime', operator: 'Exists' }],
            },
          },
          validations: [
            {
              expression: 'false',
              message:
                'RuntimeAI: rule 1 of policy "p" denies deploy.install of an agent_runtime in production: not now',
            },
          ],
        },
      },
      {
        kind: 'ValidatingAdmissionPolicyBinding',
        spec: { policyName: all[0]?.metadata.name, validationActions: ['Deny'] },
      },
    ]);
  });

  test('under names that stay from version to version and differ from rule to rule and tenant to tenant', () => {
    const rules = [deny({ action: 'deploy.install' }), deny({ action: 'lifecycle.delete' })];
    const names = exported([policy(rules)]).made.map(({ metadata }) => metadata.name);
    expect(new Set(names).size).toBe(names.length);
    expect(exported([policy(rules, { version: 9 })]).made.map(({ metadata }) => metadata.name)).toEqual(
      names,
    );
    const others = admissionPolicies([policy(rules)], { tenant: 'globex' }).manifests as Manifest[];
    expect(others.some(({ metadata }) => names.includes(metadata.name))).toBe(false);
    for (const name of names) expect(name).toMatch(/^[a-z0-9-]{1,200}$/);
  });
});

describe('what is left out is said', () => {
  test.each<[object, Partial<Policy>, RegExp]>([
    [{ kind: 'require_approval' }, {}, /only deny_action/],
    [{ kind: 'budget_guardrail', params: { monthly: 1 } }, {}, /only deny_action/],
    [deny({ lifecycle: 'running' }), {}, /lifecycle running/],
    [deny({ action: 'lifecycle.stop', runtime_kind: 'vm' }), {}, /^of vm: .*cannot tell lifecycle.stop/],
    [deny({ runtime_kind: 'vm' }), { scope_env: 'production' }, /^of vm: .*the environment/],
    [deny({ runtime_kind: 'vcluster', labels: { a: 'b' } }), {}, /^of vcluster: .*the labels/],
    [deny({ labels: { 'not a label': 'b' } }), {}, /no runtime can bear/],
    [deny({ project: 'Not A Project' }), {}, /no project/],
    [deny({}, { when: 'requester.kind == "agent"' }), {}, /requester.kind/],
    [deny({}, { when: 'cost.after > 10.0' }), {}, /cost.after/],
    [
      deny({ runtime_kind: 'vm', action: 'lifecycle.delete' }, { when: 'desired.image == "x"' }),
      {},
      /desired.image/,
    ],
  ])('of %j in %j', (rule, changes, why) => {
    const { left_out, made } = exported([policy([rule], changes)]);
    expect(left_out).toEqual([{ policy: 'p', policy_id: 'pol_1', rule: 1, why: expect.stringMatching(why) }]);
    expect(made).toEqual([]);
  });

  test('beside what is exported of the same rule', () => {
    const { left_out, made } = exported([policy([deny({ action: 'deploy.*' })])]);
    expect(made).toHaveLength(2);
    expect(left_out).toMatchObject([{ rule: 1, why: expect.stringContaining('changes no image') }]);
  });

  test('but for what needs no refusal: allowances, shadow policies, rules for another tenant', () => {
    const policies = [
      policy([{ kind: 'allow_action' }, deny({ tenant: 'globex' })]),
      policy([deny({})], { mode: 'shadow' }),
    ];
    expect(exported(policies)).toEqual({ made: [], all: [], left_out: [] });
    const own = deny({ tenant: 'acme', action: 'deploy.install' });
    expect(exported([policy([own], { inherited_from: 'umbrella' })]).made).toHaveLength(1);
  });
});

describe('a condition in the words of the cluster', () => {
  const said = (when: string, type: keyof typeof CLUSTER_KINDS = 'vm') =>
    translateWhen(when, { tenant: 'acme', type, kind: CLUSTER_KINDS[type], operation: 'UPDATE' });
  const metadata = 'variables.subject.metadata';

  test.each([
    ['project == "a"', `${metadata}.labels["runtimeai.dev/project"] == "a"`],
    ['tenant in ["acme", "globex"]', '"acme" in ["acme", "globex"]'],
    ['runtime.type != "vm"', '"vm" != "vm"'],
    [
      'runtime.name.matches("^a") && !(size(project) > 3)',
      `${metadata}.name.matches("^a") && !(size(${metadata}.labels["runtimeai.dev/project"]) > 3)`,
    ],
    ['runtime.labels.team == "a"', `${metadata}.labels["team"] == "a"`],
    ['runtime.labels["team"] == "a"', `${metadata}.labels["team"] == "a"`],
    ['has(runtime.labels.team)', `"team" in ${metadata}.labels`],
    ['"team" in runtime.labels', `"team" in ${metadata}.labels`],
  ])('%s', (when, text) => {
    expect(said(when)).toEqual({ text });
  });

  test.each([
    ['environment == "production"', 'environment'],
    ['requester.kind == "agent"', 'requester.kind'],
    ['now > timestamp("2026-01-01T00:00:00Z")', 'now'],
    ['runtime.labels == {}', 'runtime.labels, other than by name'],
    ['size(runtime.labels) == 0', 'runtime.labels, other than by name'],
    ['runtime.labels["runtimeai.dev/tenant"] == "x"', 'runtime.labels.runtimeai.dev/tenant'],
    ['runtime.labels.exists(key, key == "a")', 'exists, all or exists_one'],
    ['project == "a" || before == null', 'before'],
    ['project + "x" == "ax"', 'the function _+_'],
  ])('%s cannot be said, because of %s', (when, unknown) => {
    expect(said(when)).toEqual({ unknown });
  });

  test('differs by kind: only an agent shows its environment and its image, and bears no labels of users', () => {
    expect(said('environment == "production"', 'agent_runtime')).toHaveProperty('text');
    expect(said('desired.image == "x"', 'agent_runtime')).toHaveProperty('text');
    expect(said('desired.image == "x"', 'sandbox')).toEqual({ unknown: 'desired.image' });
    expect(said('"a" in runtime.labels', 'agent_runtime')).toEqual({ unknown: 'runtime.labels' });
    expect(said('runtime.name == "a"', 'vcluster')).toEqual({ unknown: 'runtime.name' });
  });
});
