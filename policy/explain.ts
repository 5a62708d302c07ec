import type { Policy, PolicyQuestion } from '../domain/policy.ts';
import { type Asking, askingAbout } from './asking.ts';
import type { PolicyExplanation, RuleExplanation } from './explanation.ts';
import { judge } from './judge.ts';
import { counts } from './matching.ts';
import { type Placed, placedRules, referenceOf } from './naming.ts';
import { formProblem } from './rule-form.ts';
import { misfitsOf } from './select.ts';
import { wouldPass } from './would-pass.ts';

/** Explains the answer of the policies: what became of each rule, and what would make it pass. */
export function explain(question: PolicyQuestion, policies: readonly Policy[]): PolicyExplanation {
  // Finding the reasons takes longer than asking, and must not keep a rule from being asked.
  const about = { question, asking: askingAbout(question), why: askingAbout(question) };
  const explained = placedRules(policies).map(each => ({ ...each, explanation: explainRule(each, about) }));
  const verdict = judge(question, policies);
  return {
    verdict,
    rules: explained.map(({ explanation }) => explanation),
    would_pass: wouldPass(verdict, explained, question),
  };
}

interface About {
  readonly question: PolicyQuestion;
  readonly asking: Asking;
  readonly why: Asking;
}

function explainRule(placed: Placed, about: About): RuleExplanation {
  const { policy, rule } = placed;
  const unreadable = formProblem(rule);
  const misfits = unreadable === undefined ? misfitsOf(policy, rule, about.question) : [];
  const when =
    unreadable === undefined ? conditionOf(rule, misfits, about) : failed(String(rule.when), unreadable);
  return {
    ...referenceOf(placed),
    mode: policy.mode,
    inherited_from: policy.inherited_from,
    outcome: outcomeOf(placed, misfits.length === 0, when),
    misfits,
    when,
  };
}

function conditionOf(
  { when: text }: Placed['rule'],
  misfits: RuleExplanation['misfits'],
  { asking, why }: About,
): RuleExplanation['when'] {
  if (text === undefined || misfits.length > 0) return null;
  const outcome = asking.evaluate(text);
  const because = why.reasons(text).map(({ values, ...reason }) => ({ ...reason, values: [...values] }));
  if ('error' in outcome) return { ...failed(text, outcome.error), because };
  return { text, holds: outcome.holds, error: null, because };
}

function failed(text: string, error: string): NonNullable<RuleExplanation['when']> {
  return { text, holds: null, error, because: [] };
}

function outcomeOf(
  placed: Placed,
  selected: boolean,
  when: RuleExplanation['when'],
): RuleExplanation['outcome'] {
  if (!selected) return 'selector';
  if (!counts(placed)) return 'not_inherited';
  if (when?.error) return 'error';
  return when?.holds === false ? 'condition' : 'matched';
}
