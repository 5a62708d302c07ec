import { createHash } from 'node:crypto';
import type { Obligations, PolicyVerdict, RuleReference } from '../domain/policy.ts';
import { distinctDemands } from './demands.ts';
import { bothEgress } from './egress.ts';
import { compare } from './naming.ts';

type Answer = PolicyVerdict['answer'];

/** From the one that gives way to the one that wins. */
const ANSWERS: readonly Answer[] = ['allow', 'require_approval', 'deny'];

/** What a verdict has when no rule has a say. */
export const NO_SAY = {
  rules: [],
  demands: [],
  expires_in_seconds: null,
  obligations: { budgets: [], egress: null },
  shadow: null,
} as const satisfies Partial<PolicyVerdict>;

/** Several verdicts as one: any deny, else every approval that is asked for, else allow. Their order does not matter. */
export function strictest(verdicts: readonly PolicyVerdict[]): PolicyVerdict {
  const [one] = verdicts.toSorted(byStrictness);
  if (!one) return { ...NO_SAY, answer: 'allow', policy: 'none', reason: 'nothing is asked for', digest: '' };
  const asking =
    one.answer === 'require_approval' ? verdicts.filter(({ answer }) => answer === one.answer) : [];
  return {
    ...one,
    rules: distinctRules(verdicts.flatMap(({ rules }) => rules)),
    demands: distinctDemands(asking.flatMap(({ demands }) => demands)),
    expires_in_seconds: soonest(asking.flatMap(({ expires_in_seconds }) => expires_in_seconds ?? [])),
    obligations: verdicts.map(({ obligations }) => obligations).reduce(together),
    digest: commonDigest(verdicts.map(({ digest }) => digest)),
    shadow: strictestShadow(verdicts.map(({ shadow }) => shadow)),
  };
}

/** The soonest of some times, or null when there is none. */
export function soonest(seconds: readonly number[]): number | null {
  return seconds.length > 0 ? Math.min(...seconds) : null;
}

function byStrictness(one: PolicyVerdict, other: PolicyVerdict): number {
  return (
    ANSWERS.indexOf(other.answer) - ANSWERS.indexOf(one.answer) ||
    peopleOf(other) - peopleOf(one) ||
    compare(one.policy, other.policy) ||
    compare(one.reason, other.reason)
  );
}

/** Of several that ask, the words of the one that asks most people are shown. */
function peopleOf({ demands }: PolicyVerdict): number {
  return Math.max(0, ...demands.map(({ quorum }) => quorum));
}

function distinctRules(rules: readonly RuleReference[]): RuleReference[] {
  const place = ({ policy, policy_id, version, rule }: RuleReference) =>
    `${policy} ${policy_id} ${version} ${String(rule).padStart(4, '0')}`;
  const named = rules.map(rule => [place(rule), rule] as const);
  return [...new Map(named.toSorted(([one], [other]) => compare(one, other))).values()];
}

/** Of one budget that several verdicts speak of, what is left after the costliest. */
function together(one: Obligations, other: Obligations): Obligations {
  const budgets = new Map<string, Obligations['budgets'][number]>();
  for (const budget of [...one.budgets, ...other.budgets]) {
    const name = `${budget.because} ${budget.per} ${budget.monthly} ${budget.unit}`;
    const known = budgets.get(name);
    if (!known || budget.left < known.left) budgets.set(name, budget);
  }
  const byName = [...budgets].toSorted(([a], [b]) => compare(a, b)).map(([, budget]) => budget);
  return { budgets: byName, egress: bothEgress(one.egress, other.egress) };
}

function commonDigest(digests: readonly string[]): string {
  const distinct = [...new Set(digests)].toSorted(compare);
  const [one = '', ...others] = distinct;
  return others.length === 0 ? one : createHash('sha256').update(distinct.join(',')).digest('hex');
}

function strictestShadow(shadows: readonly PolicyVerdict['shadow'][]): PolicyVerdict['shadow'] {
  const [one] = shadows
    .flatMap(shadow => shadow ?? [])
    .toSorted((a, b) => ANSWERS.indexOf(b.answer) - ANSWERS.indexOf(a.answer) || compare(a.reason, b.reason));
  return one ?? null;
}
