import type { Policy, RuleReference } from '../domain/policy.ts';
import { unguardedTerms } from './cel/guards.ts';
import { type Placed, placedRules, referenceOf, ruleName } from './naming.ts';
import { emptiness, includes, overlap, type Scope } from './selector-overlap.ts';

/** Something about rules that works but is hardly meant. */
export interface PolicyWarning {
  readonly kind: 'allow_without_effect' | 'allow_and_deny' | 'duplicate' | 'matches_nothing' | 'may_fail';
  readonly message: string;
  readonly rules: readonly RuleReference[];
}

/** More than these nobody reads; comparing goes on no longer, whatever the number of rules. */
const MOST_WARNINGS = 100;
const MOST_PAIRS = 100_000;

/** Warnings about rules that contradict or repeat each other, or cannot do what they say; each names its rules. */
export function contradictionsOf(
  policies: readonly Policy[],
  { tenants }: { readonly tenants?: readonly string[] } = {},
): PolicyWarning[] {
  const rules = placedRules(policies);
  return [
    ...duplicates(rules),
    ...allowsAndDenies(rules),
    ...rules.flatMap(each => [...nothingWarning(each, tenants), ...failureWarning(each)]),
  ].slice(0, MOST_WARNINGS);
}

function duplicates(rules: readonly Placed[]): PolicyWarning[] {
  const first = new Map<string, Placed>();
  return rules.flatMap(other => {
    const content = contentOf(other);
    const one = first.get(content);
    if (!one) first.set(content, other);
    return one ? [duplicate(one, other)] : [];
  });
}

function duplicate(one: Placed, other: Placed): PolicyWarning {
  return {
    kind: 'duplicate',
    message: `${ruleName(one)} and ${ruleName(other)} say the same; one of them is enough`,
    rules: [referenceOf(one), referenceOf(other)],
  };
}

function allowsAndDenies(rules: readonly Placed[]): PolicyWarning[] {
  const denies = rules.filter(({ rule }) => rule.kind === 'deny_action' && rule.when === undefined);
  const allows = rules.filter(
    ({ policy, rule }) => rule.kind === 'allow_action' && policy.inherited_from === null,
  );
  const found: PolicyWarning[] = [];
  for (const allow of allows.slice(0, MOST_PAIRS / Math.max(1, denies.length))) {
    for (const deny of denies)
      if (deny.policy.mode === allow.policy.mode) found.push(...allowAndDeny(allow, deny));
    if (found.length >= MOST_WARNINGS) break;
  }
  return found;
}

function allowAndDeny(allow: Placed, deny: Placed): PolicyWarning[] {
  const rules = [referenceOf(allow), referenceOf(deny)];
  if (includes(scopeOf(deny), scopeOf(allow)))
    return [
      {
        kind: 'allow_without_effect',
        message: `${ruleName(allow)} has no effect: ${ruleName(deny)} denies all that it allows, and a deny always wins`,
        rules,
      },
    ];
  if (allow.rule.when !== undefined || !overlap(scopeOf(allow), scopeOf(deny))) return [];
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

/** Everything of a rule but its reason, and where and for whom it holds. */
function contentOf({ policy, rule }: Placed): string {
  const { reason: _reason, ...content } = rule;
  const { scope_env, mode, inherited_from } = policy;
  return JSON.stringify({ content, scope_env, mode, inherited_from }, (_, value: unknown) =>
    sortedKeys(value),
  );
}

function sortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

function scopeOf({ policy, rule }: Placed): Scope {
  return { scope_env: policy.scope_env, selector: rule.selector };
}
