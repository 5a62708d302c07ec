import type { Policy } from '../../domain/policy.ts';
import { contradictionsOf, type PolicyWarning } from '../../policy/contradictions.ts';

/** Each rule is held against each other one; beyond this it would take longer than an answer may. */
const MOST_COMPARED = 1_000;

/** What of one policy contradicts or repeats other rules that hold for the tenant, or is hardly meant. */
export function warningsAbout(
  policyId: string,
  { policies, tenants }: { readonly policies: readonly Policy[]; readonly tenants: readonly string[] },
): PolicyWarning[] {
  const rules = policies.reduce((sum, policy) => sum + policy.rules.length, 0);
  const compared = rules <= MOST_COMPARED ? policies : policies.filter(({ id }) => id === policyId);
  return contradictionsOf(compared, { tenants }).filter(warning =>
    warning.rules.some(({ policy_id }) => policy_id === policyId),
  );
}
