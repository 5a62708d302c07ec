import type { PolicyQuestion, PolicyVerdict, Selector } from '../domain/policy.ts';
import { demandInWords } from '../domain/rules/demand-in-words.ts';
import { budgetsOf, othersOf, rounded } from './budget.ts';
import { ENVIRONMENT_DEFAULTS } from './defaults.ts';
import type { RuleExplanation } from './explanation.ts';
import { type Placed, ruleName } from './naming.ts';

/** A rule with what became of it. */
export type Explained = Placed & { readonly explanation: RuleExplanation };

/** What would make a denied or pending action pass, in words; all of it together. */
export function wouldPass(
  { answer, policy, demands }: PolicyVerdict,
  rules: readonly Explained[],
  question: PolicyQuestion,
): string[] {
  if (answer === 'allow') return [];
  const enforced = rules.filter(({ policy }) => policy.mode === 'enforce');
  if (answer === 'require_approval')
    return [
      ...demands.map(demand => `the approval of ${demandInWords(demand)}, which ${demand.because} demands`),
      ...overBudgets(enforced, question),
    ];
  if (policy === 'none') return ['any enforced policy: without one everything is denied'];
  return [
    ...denials(enforced),
    ...errors(enforced),
    ...overBudgets(enforced, question),
    ...missing(enforced, question),
  ];
}

function denials(rules: readonly Explained[]): string[] {
  return rules
    .filter(({ rule, explanation }) => rule.kind === 'deny_action' && explanation.outcome === 'matched')
    .map(each => `${ruleName(each)} not matching: ${whatMatched(each)}${whoCanChange(each)}`);
}

function whatMatched({ rule, policy, explanation }: Explained): string {
  const words = selectorWords(rule.selector, policy.scope_env);
  const terms = (explanation.when?.because ?? []).map(
    ({ text, holds, values }) => `${text}${valuesInWords(values)} is ${holds}`,
  );
  const all = [...words, ...terms];
  return all.length > 0 ? `it denies where ${all.join(' and ')}` : 'it denies everything';
}

function errors(rules: readonly Explained[]): string[] {
  return rules
    .filter(({ explanation }) => explanation.outcome === 'error')
    .map(each => {
      const values = (each.explanation.when?.because ?? []).map(
        ({ text, values }) => `${text}${valuesInWords(values)}`,
      );
      const where = values.length > 0 ? ` at ${values.join(', ')}` : '';
      return `${ruleName(each)} mended: ${each.explanation.when?.error ?? 'it failed'}${where}${whoCanChange(each)}`;
    });
}

function overBudgets(rules: readonly Explained[], question: PolicyQuestion): string[] {
  const matched = rules.filter(({ explanation }) => explanation.outcome === 'matched');
  return budgetsOf(matched, question)
    .filter(({ exceeded }) => exceeded)
    .map(({ placed, params }) => {
      const most = Math.max(rounded(params.monthly - othersOf(params, question.cost)), question.cost.before);
      const instead = params.over === 'deny' ? '' : ' (then without approval)';
      return `cost.after of ${most} ${question.cost.unit} or less (it is ${question.cost.after}), which ${ruleName(placed)} leaves${instead}`;
    });
}

/** Where the default denies: a rule that allows it, the nearest of which is named with what it wants. */
function missing(rules: readonly Explained[], { action, environment }: PolicyQuestion): string[] {
  const stands = rules.some(
    ({ rule, explanation }) => rule.kind === 'allow_action' && explanation.outcome === 'matched',
  );
  if (stands || !ENVIRONMENT_DEFAULTS[environment].denies.includes(action)) return [];
  const near = rules.filter(
    ({ rule, policy }) => rule.kind === 'allow_action' && policy.inherited_from === null,
  );
  const wishes = near.map(each => `${ruleName(each)} would allow it if ${whatMisses(each.explanation)}`);
  const nearest = near.length > 0 ? `: ${wishes.join('; ')}` : '';
  return [`an allow_action or require_approval rule that matches ${action} in ${environment}${nearest}`];
}

function whatMisses({ misfits, when }: RuleExplanation): string {
  const words = misfits.map(({ word, wanted, is }) => `${word} were ${wanted} (is ${is})`);
  const terms = (when?.because ?? []).map(
    ({ text, holds, values }) => `${text} were ${holds !== true}${valuesInWords(values)}`,
  );
  return [...words, ...terms].join(' and ');
}

function valuesInWords(values: readonly { readonly term: string; readonly value: string }[]): string {
  return values.length > 0 ? ` (${values.map(({ term, value }) => `${term} is ${value}`).join(', ')})` : '';
}

function selectorWords({ labels, ...words }: Selector, scope: string | null): string[] {
  const all = { ...(scope ? { scope_env: scope } : {}), ...words };
  return [
    ...Object.entries(all).map(([word, value]) => `${word} is ${value}`),
    ...Object.entries(labels ?? {}).map(
      ([key, value]) => `label ${key} is ${value === '*' ? 'there' : value}`,
    ),
  ];
}

function whoCanChange({ policy }: Placed): string {
  return policy.inherited_from === null ? '' : ` (only tenant ${policy.inherited_from} can change it)`;
}
