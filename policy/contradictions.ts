import type { Policy, PolicyRule, RuleReference } from '../domain/policy.ts';
import { unguardedTerms } from './cel/guards.ts';
import { type Placed, placedRules, referenceOf, ruleName } from './naming.ts';
import { emptiness, includes, overlap, type Scope } from './selector-overlap.ts';

/** Something about rules that works but is hardly meant. */
export interface PolicyWarning {
  readonly kind: 'allow_without_effect' | 'allow_and_deny' | 'duplicate' | 'matches_nothing' | 'may_fail';
  readonly message: string;
  readonly rules: readonly RuleReference[];
}

/** Warnings about rules that contradict or repeat each other, or cannot do what they say; each names its rules. */
export function contradictionsOf(
  policies: readonly Policy[],
  { tenants }: { readonly tenants?: readonly string[] } = {},
): PolicyWarning[] {
  const rules = placedRules(policies);
  const pairs = rules.flatMap((one, index) =>
    rules.slice(index + 1).flatMap(other => pairWarning(one, other)),
  );
  return [...pairs, ...rules.flatMap(each => [...nothingWarning(each, tenants), ...failureWarning(each)])];
}

function pairWarning(one: Placed, other: Placed): PolicyWarning[] {
  if (one.policy.mode !== other.policy.mode) return [];
  if (sameRule(one, other))
    return [
      {
        kind: 'duplicate',
        message: `${ruleName(one)} and ${ruleName(other)} say the same; one of them is enough`,
        rules: [referenceOf(one), referenceOf(other)],
      },
    ];
  const [allow, deny] = one.rule.kind === 'allow_action' ? [one, other] : [other, one];
  return allow.rule.kind === 'allow_action' && deny.rule.kind === 'deny_action'
    ? allowAndDeny(allow, deny)
    : [];
}

function allowAndDeny(allow: Placed, deny: Placed): PolicyWarning[] {
  const unconditional = deny.rule.when === undefined;
  const rules = [referenceOf(allow), referenceOf(deny)];
  if (unconditional && includes(scopeOf(deny), scopeOf(allow)))
    return [
      {
        kind: 'allow_without_effect',
        message: `${ruleName(allow)} has no effect: ${ruleName(deny)} denies all that it allows, and a deny always wins`,
        rules,
      },
    ];
  if (!unconditional || allow.rule.when !== undefined || !overlap(scopeOf(allow), scopeOf(deny))) return [];
  return [
    {
      kind: 'allow_and_deny',
      message: `${ruleName(allow)} allows some of what ${ruleName(deny)} denies; where both match, the deny wins`,
      rules,
    },
  ];
}

function nothingWarning(placed: Placed, tenants: readonly string[] | undefined): PolicyWarning[] {
  const own = placed.policy.inherited_from === null;
  const empty = emptiness({ ...scopeOf(placed), tenants: own ? tenants : undefined });
  if (!empty) return [];
  const message = `${ruleName(placed)}, selector ${empty.word}: ${empty.message}`;
  return [{ kind: 'matches_nothing', message, rules: [referenceOf(placed)] }];
}

function failureWarning(placed: Placed): PolicyWarning[] {
  return unguardedTerms(placed.rule.when ?? '').map(({ term, guard }) => ({
    kind: 'may_fail',
    message: `${ruleName(placed)} asks for ${term}, which is not always there, and a rule that fails denies; say ${guard} && … first`,
    rules: [referenceOf(placed)],
  }));
}

/** The same in everything but its reason. */
function sameRule(one: Placed, other: Placed): boolean {
  return one.policy.scope_env === other.policy.scope_env && contentOf(one.rule) === contentOf(other.rule);
}

/** Written once for each rule, which is held against every other. */
const CONTENTS = new WeakMap<PolicyRule, string>();

function contentOf(rule: PolicyRule): string {
  const known = CONTENTS.get(rule);
  if (known !== undefined) return known;
  const { reason: _reason, ...rest } = rule;
  const content = JSON.stringify(rest, (_, value: unknown) => sortedKeys(value));
  CONTENTS.set(rule, content);
  return content;
}

function sortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

function scopeOf({ policy, rule }: Placed): Scope {
  return { scope_env: policy.scope_env, selector: rule.selector };
}
