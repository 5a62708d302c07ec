import { expect, test } from 'vitest';
import { ProblemError } from '../http/problem.ts';
import { enforceable } from './enforceable.ts';
import { StatedRule } from './policies.schemas.ts';

function read(...rules: object[]): unknown {
  try {
    return enforceable(rules.map(rule => StatedRule.parse(rule)));
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return { code: error.code, pointers: error.extras.errors?.map(({ pointer }) => pointer) };
  }
}

test('rules that are enforced are read with what they leave out', () => {
  const rules = [
    { kind: 'allow_action', selector: null, params: null },
    { kind: 'deny_action', selector: { action: 'lifecycle.*', environment: 'production' }, reason: 'freeze' },
    { kind: 'require_approval', params: { quorum: 2 } },
  ];
  expect(read(...rules)).toEqual([
    { kind: 'allow_action', selector: {} },
    { kind: 'deny_action', selector: { action: 'lifecycle.*', environment: 'production' }, reason: 'freeze' },
    { kind: 'require_approval', selector: {}, params: { quorum: 2, expires_in_seconds: 86_400 } },
  ]);
});

test.each([
  [{ kind: 'budget_guardrail', params: { monthly: 100 } }, '/rules/0/kind'],
  [{ kind: 'data_egress' }, '/rules/0/kind'],
  [{ kind: 'deny_action', selector: { service: 'risk' } }, '/rules/0/selector/service'],
  [{ kind: 'deny_action', selector: { environment: 'moon' } }, '/rules/0/selector/environment'],
  [{ kind: 'deny_action', selector: { action: 'scale' } }, '/rules/0/selector/action'],
  [{ kind: 'deny_action', selector: { action: 'lifecyle.*' } }, '/rules/0/selector/action'],
  [{ kind: 'deny_action', selector: { action: ['lifecycle.scale'] } }, '/rules/0/selector/action'],
  [{ kind: 'allow_action', params: { quorum: 1 } }, '/rules/0/params'],
  [{ kind: 'allow_action', reason: 'because' }, '/rules/0/reason'],
  [{ kind: 'require_approval', params: { quorum: 0 } }, '/rules/0/params/quorum'],
  [{ kind: 'require_approval', params: { approvers: ['ada'] } }, '/rules/0/params/approvers'],
])('%j is refused at %s, because nobody would enforce it', (rule, pointer) => {
  expect(read(rule)).toEqual({ code: 'rule_not_enforced', pointers: [pointer] });
});

test('every rule that is not enforced is named', () => {
  const rules = [{ kind: 'data_egress' }, { kind: 'allow_action' }, { kind: 'budget_guardrail' }];
  expect(read(...rules)).toEqual({
    code: 'rule_not_enforced',
    pointers: ['/rules/0/kind', '/rules/2/kind'],
  });
});
