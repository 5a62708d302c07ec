import type { Policy } from '../../domain/policy.ts';
import { contradictionsOf, type PolicyWarning } from '../../policy/contradictions.ts';

/** Each rule is held against each other one; beyond this it would take longer than an answer may. */
const MOST_COMPARED = 1_000;
const MOST_WARNINGS = 50;

/** What of one policy contradicts or repeats other rules that hold for the tenant, or is hardly meant; the first 50. */
export function warningsAbout(
  policyId: string,
  { policies, tenants }: { readonly policies: readonly Policy[]; readonly tenants: readonly string[] },
): PolicyWarning[] {
  const policy = policies.find(({ id }) => id === policyId);
  if (!policy) return [];
  const rules = policies.reduce((sum, each) => sum + each.rules.length, 0);
  const others = rules <= MOST_COMPARED ? policies.filter(({ id }) => id !== policyId) : [];
  // With one other at a time: what the others make of each other is not asked, and is most of the work.
  const found = [[policy], ...others.map(other => [policy, other])].flatMap(each =>
    contradictionsOf(each, { tenants }),
  );
  const about = found.filter(warning => warning.rules.some(({ policy_id }) => policy_id === policyId));
  return [...new Map(about.map(warning => [warning.message, warning])).values()].slice(0, MOST_WARNINGS);
}
