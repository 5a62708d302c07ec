import type { Policy, PolicyQuestion, PolicyRule, RuleReference } from '../domain/policy.ts';

/** A rule in its place. */
export interface Placed {
  readonly policy: Policy;
  /** From 1. */
  readonly number: number;
  readonly rule: PolicyRule;
}

/** Every rule in its place, policies by name and id, so that no order of theirs shows in an answer. */
export function placedRules(policies: readonly Policy[]): Placed[] {
  return policies
    .toSorted(
      (one, other) =>
        compare(one.name, other.name) || compare(one.id, other.id) || one.version - other.version,
    )
    .flatMap(policy => policy.rules.map((rule, index) => ({ policy, number: index + 1, rule })));
}

/** The rule as an answer refers to it. */
export function referenceOf({ policy, number, rule }: Placed): RuleReference {
  return {
    policy: policy.name,
    policy_id: policy.id,
    version: policy.version,
    rule: number,
    kind: rule.kind,
  };
}

/** The rule in words. */
export function ruleName({ policy, number }: Pick<Placed, 'policy' | 'number'>): string {
  const from = policy.inherited_from === null ? '' : ` of tenant ${policy.inherited_from} above`;
  return `rule ${number} of policy "${policy.name}"${from}`;
}

/** What was asked, in words. */
export function asked({ action, project, environment }: PolicyQuestion): string {
  return `${action} in ${environment} (project ${project})`;
}

/** The reason a rule gives, as the end of a sentence. */
export function because({ rule }: Pick<Placed, 'rule'>): string {
  return rule.reason ? `: ${rule.reason}` : '';
}

/** Order of texts that is the same on every machine. */
export function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
