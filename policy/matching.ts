import type { Policy, PolicyQuestion } from '../domain/policy.ts';
import { askingAbout } from './asking.ts';
import { type Placed, placedRules } from './naming.ts';
import { formProblem } from './rule-form.ts';
import { selects } from './select.ts';

/** The rules that have a say: those that match, and those that could not be asked, which is a no. */
export interface Matching {
  readonly matches: readonly Placed[];
  readonly broken: readonly (Placed & { readonly error: string })[];
}

/** Asks every rule of these policies; what a tenant above allows is no allowance here and is not asked. */
export function matchRules(question: PolicyQuestion, policies: readonly Policy[]): Matching {
  const asking = askingAbout(question);
  const matches: Placed[] = [];
  const broken: (Placed & { error: string })[] = [];
  for (const placed of placedRules(policies)) {
    const { policy, rule } = placed;
    const unreadable = formProblem(rule);
    if (unreadable !== undefined) {
      broken.push({ ...placed, error: unreadable });
      continue;
    }
    if (!counts(placed) || !selects(policy, rule, question)) continue;
    const outcome = rule.when === undefined ? { holds: true } : asking.evaluate(rule.when);
    if ('error' in outcome) broken.push({ ...placed, error: outcome.error });
    else if (outcome.holds) matches.push(placed);
  }
  return { matches, broken };
}

/** Whether a rule can count for this tenant at all. */
export function counts({ policy, rule }: Pick<Placed, 'policy' | 'rule'>): boolean {
  return policy.inherited_from === null || rule.kind !== 'allow_action';
}
