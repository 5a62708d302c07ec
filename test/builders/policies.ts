import { type Policy, PolicyQuestion, PolicyRule } from '../../domain/policy.ts';
import { filledIn, type PartialQuestion } from '../../policy/suite.ts';

/** A developer of acme upgrades a small agent in production, unless said otherwise. */
export function questionFor(partial: PartialQuestion = {}): PolicyQuestion {
  return PolicyQuestion.parse(filledIn({ environment: 'production', ...partial }));
}

/** An enforced policy of the tenant itself, its rules as a user writes them. */
export function policyOf(name: string, ...rules: readonly unknown[]): Policy {
  return {
    id: `pol_${name}`,
    name,
    version: 1,
    mode: 'enforce',
    scope_env: null,
    rules: rules.map(rule => PolicyRule.parse(rule)),
    inherited_from: null,
  };
}

/** The same policy as one that a tenant above has made. */
export function fromAbove(policy: Policy, tenant = 'holding'): Policy {
  return { ...policy, inherited_from: tenant };
}

/** The same policy in shadow mode. */
export function inShadow(policy: Policy): Policy {
  return { ...policy, mode: 'shadow' };
}

export const allow = (selector: object = {}, more: object = {}) => ({
  kind: 'allow_action',
  selector,
  ...more,
});
export const deny = (selector: object = {}, more: object = {}) => ({
  kind: 'deny_action',
  selector,
  ...more,
});
export const approval = (params: object = {}, more: object = {}) => ({
  kind: 'require_approval',
  params,
  ...more,
});
export const budget = (params: object, more: object = {}) => ({ kind: 'budget_guardrail', params, ...more });
export const egress = (params: object, more: object = {}) => ({ kind: 'data_egress', params, ...more });
