import type { Policy, PolicyQuestion } from '../domain/policy.ts';
import { evaluate } from './cel/evaluate.ts';
import { reasonsOf } from './cel/reasons.ts';
import { type Words, wordsOf } from './cel/words.ts';
import type { PolicyExplanation, RuleExplanation } from './explanation.ts';
import { judge } from './judge.ts';
import { counts } from './matching.ts';
import { type Placed, placedRules, referenceOf } from './naming.ts';
import { misfitsOf } from './select.ts';
import { wouldPass } from './would-pass.ts';

/** Explains the answer of the policies: what became of each rule, and what would make it pass. */
export function explain(question: PolicyQuestion, policies: readonly Policy[]): PolicyExplanation {
  const words = wordsOf(question);
  const placed = placedRules(policies);
  const explained = placed.map(each => ({ ...each, explanation: explainRule(each, { question, words }) }));
  const verdict = judge(question, policies);
  return {
    verdict,
    rules: explained.map(({ explanation }) => explanation),
    would_pass: wouldPass(verdict, explained, question),
  };
}

function explainRule(
  placed: Placed,
  { question, words }: { question: PolicyQuestion; words: Words },
): RuleExplanation {
  const { policy, rule } = placed;
  const misfits = misfitsOf(policy, rule, question);
  const when = misfits.length === 0 && rule.when !== undefined ? conditionOf(rule.when, words) : null;
  return {
    ...referenceOf(placed),
    mode: policy.mode,
    inherited_from: policy.inherited_from,
    outcome: outcomeOf(placed, misfits.length === 0, when),
    misfits,
    when,
  };
}

function conditionOf(text: string, words: Words): NonNullable<RuleExplanation['when']> {
  const outcome = evaluate(text, words);
  const because = reasonsOf(text, words).map(({ values, ...reason }) => ({ ...reason, values: [...values] }));
  if ('error' in outcome) return { text, holds: null, error: outcome.error, because };
  return { text, holds: outcome.holds, error: null, because };
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
