import type { Policy, PolicyRule } from '../domain/policy.ts';
import { inWords, programOf } from './cel/evaluate.ts';
import { isCidr } from './cidr.ts';
import { emptiness } from './selector-overlap.ts';

/** What is wrong with a rule, and where in the list of rules. */
export interface RuleProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Where the rules shall hold; what is not given is not checked. */
export interface Whereabouts {
  readonly scope_env?: Policy['scope_env'];
  /** The tenant that makes them and all below it. */
  readonly tenants?: readonly string[];
}

/** Everything for which rules are refused when they are made: they could never match, never be asked, or never be applied. */
export function checkRules(
  rules: readonly PolicyRule[],
  { scope_env = null, tenants }: Whereabouts = {},
): RuleProblem[] {
  return rules.flatMap((rule, index) => {
    const empty = emptiness({ scope_env, selector: rule.selector, tenants });
    return [
      ...(empty ? [{ path: [index, 'selector', empty.word], message: empty.message }] : []),
      ...conditionProblems(rule, index),
      ...egressProblems(rule, index),
    ];
  });
}

function conditionProblems({ when }: PolicyRule, index: number): RuleProblem[] {
  if (when === undefined) return [];
  const program = programOf(when);
  return 'problem' in program ? [{ path: [index, 'when'], message: inWords(program.problem) }] : [];
}

function egressProblems(rule: PolicyRule, index: number): RuleProblem[] {
  if (rule.kind !== 'data_egress') return [];
  return rule.params.cidrs.flatMap((cidr, at) =>
    isCidr(cidr)
      ? []
      : [{ path: [index, 'params', 'cidrs', at], message: `${cidr} is no range of addresses` }],
  );
}
