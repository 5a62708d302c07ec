import { describe, expect, test } from 'vitest';
import { ProblemError } from '../http/problem.ts';
import { enforceable, type Stated } from './enforceable.ts';
import { StatedRule } from './policies.schemas.ts';

function read(rules: readonly object[], where: Omit<Stated, 'rules'> = {}): unknown {
  try {
    return enforceable({ rules: rules.map(rule => StatedRule.parse(rule)), ...where });
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return { code: error.code, pointers: error.extras.errors?.map(({ pointer }) => pointer) };
  }
}

const refused = (...pointers: string[]) => ({ code: 'rule_not_enforced', pointers });

describe('stated rules', () => {
  test('of all five kinds are read with what they leave out', () => {
    const rules = [
      { kind: 'allow_action', selector: null, params: null },
      {
        kind: 'deny_action',
        selector: { action: 'lifecycle.*', environment: 'production' },
        reason: 'freeze',
      },
      { kind: 'require_approval', params: { quorum: 2 } },
      { kind: 'budget_guardrail', params: { monthly: 100 }, when: 'desired.gpus > 0' },
      { kind: 'data_egress', selector: { labels: { data: '*' } }, params: { cidrs: ['10.0.0.0/8'] } },
    ];
    expect(read(rules)).toEqual([
      { kind: 'allow_action', selector: {} },
      {
        kind: 'deny_action',
        selector: { action: 'lifecycle.*', environment: 'production' },
        reason: 'freeze',
      },
      { kind: 'require_approval', selector: {}, params: { quorum: 2, expires_in_seconds: 86_400 } },
      {
        kind: 'budget_guardrail',
        selector: {},
        params: { monthly: 100, per: 'tenant', over: 'deny' },
        when: 'desired.gpus > 0',
      },
      {
        kind: 'data_egress',
        selector: { labels: { data: '*' } },
        params: { cidrs: ['10.0.0.0/8'], namespaces: [] },
      },
    ]);
  });

  test.each([
    [{ kind: 'budget_guardrail' }, '/rules/0/params'],
    [{ kind: 'budget_guardrail', params: { monthly: -1 } }, '/rules/0/params/monthly'],
    [{ kind: 'budget_guardrail', params: { monthly: 1, per: 'month' } }, '/rules/0/params/per'],
    [{ kind: 'data_egress' }, '/rules/0/params'],
    [{ kind: 'data_egress', params: { cidrs: ['10.0.0.0'] } }, '/rules/0/params/cidrs/0'],
    [{ kind: 'data_egress', params: { cidrs: ['999.0.0.0/8'] } }, '/rules/0/params/cidrs/0'],
    [{ kind: 'data_egress', params: { hosts: ['example.com'] } }, '/rules/0/params/hosts'],
    [{ kind: 'deny_action', selector: { service: 'risk' } }, '/rules/0/selector/service'],
    [{ kind: 'deny_action', selector: { environment: 'moon' } }, '/rules/0/selector/environment'],
    [{ kind: 'deny_action', selector: { runtime_kind: 'pod' } }, '/rules/0/selector/runtime_kind'],
    [{ kind: 'deny_action', selector: { labels: { team: 1 } } }, '/rules/0/selector/labels/team'],
    [{ kind: 'deny_action', selector: { lifecycle: 'asleep' } }, '/rules/0/selector/lifecycle'],
    [{ kind: 'deny_action', selector: { action: 'scale' } }, '/rules/0/selector/action'],
    [{ kind: 'deny_action', selector: { action: 'lifecyle.*' } }, '/rules/0/selector/action'],
    [{ kind: 'deny_action', selector: { action: ['lifecycle.scale'] } }, '/rules/0/selector/action'],
    [
      { kind: 'deny_action', selector: { action: 'lifecycle.stop', lifecycle: 'new' } },
      '/rules/0/selector/lifecycle',
    ],
    [{ kind: 'allow_action', params: { quorum: 1 } }, '/rules/0/params'],
    [{ kind: 'require_approval', params: { quorum: 0 } }, '/rules/0/params/quorum'],
    [{ kind: 'require_approval', params: { roles: ['god'] } }, '/rules/0/params/roles/0'],
    [{ kind: 'require_approval', params: { approvers: ['ada'] } }, '/rules/0/params/approvers'],
    [{ kind: 'deny_action', when: 'desired.replicas >' }, '/rules/0/when'],
    [{ kind: 'deny_action', when: 'desired.replica > 3' }, '/rules/0/when'],
    [{ kind: 'deny_action', when: 'desired.replicas + 1' }, '/rules/0/when'],
  ])('such as %j are refused at %s, because nobody would enforce them', (rule, pointer) => {
    expect(read([rule])).toEqual(refused(pointer));
  });

  test('are refused where they could hold nowhere', () => {
    const rule = { kind: 'deny_action', selector: { environment: 'staging', tenant: 'globex' } };
    expect(read([rule])).toHaveLength(1);
    expect(read([rule], { scope_env: 'production' })).toEqual(refused('/rules/0/selector/environment'));
    expect(read([rule], { tenants: ['acme'] })).toEqual(refused('/rules/0/selector/tenant'));
    expect(read([rule], { tenants: ['acme', 'globex'] })).toHaveLength(1);
  });

  test('are named one by one, each at its own place', () => {
    const rules = [{ kind: 'data_egress' }, { kind: 'allow_action' }, { kind: 'deny_action', when: '1 +' }];
    expect(read(rules)).toEqual(refused('/rules/0/params', '/rules/2/when'));
    expect(read(rules, { within: ['policies', 4] })).toEqual(
      refused('/policies/4/rules/0/params', '/policies/4/rules/2/when'),
    );
  });
});
