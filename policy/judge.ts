import { createHash } from 'node:crypto';
import type { Policy, PolicyQuestion, PolicyVerdict } from '../domain/policy.ts';
import { demandInWords } from '../domain/rules/demand-in-words.ts';
import { type Budget, budgetObligations, budgetsOf, overBudget } from './budget.ts';
import { ENVIRONMENT_DEFAULTS } from './defaults.ts';
import { distinctDemands, timedDemandOf } from './demands.ts';
import { egressObligation } from './egress.ts';
import { type Matching, matchRules } from './matching.ts';
import { asked, because, type Placed, referenceOf, ruleName } from './naming.ts';
import { NO_SAY, soonest } from './strictest.ts';

/**
 * Judges a question: any deny, else every approval that is required, else an allow, else the default of the
 * environment. A rule that cannot be asked denies; without any enforced policy everything is denied.
 */
export function judge(question: PolicyQuestion, policies: readonly Policy[]): PolicyVerdict {
  const enforced = policies.filter(({ mode }) => mode === 'enforce');
  const verdict = { ...NO_SAY, digest: digestOf(policies), ...answerOf(question, enforced) };
  if (enforced.length === policies.length) return verdict;
  const { answer, reason } = answerOf(question, policies);
  return { ...verdict, shadow: { answer, reason } };
}

/** SHA-256 over the ids and versions of the policies: a version never changes, so this names all their rules. */
export function digestOf(policies: readonly Pick<Policy, 'id' | 'version'>[]): string {
  const names = policies.map(({ id, version }) => `${id}@${version}`).toSorted();
  return createHash('sha256').update(names.join(',')).digest('hex');
}

type Found = Pick<PolicyVerdict, 'answer' | 'policy' | 'reason'> &
  Partial<Pick<PolicyVerdict, 'demands' | 'expires_in_seconds'>>;

function answerOf(
  question: PolicyQuestion,
  policies: readonly Policy[],
): Found & Pick<PolicyVerdict, 'obligations' | 'rules'> {
  const { matches, broken } = matchRules(question, policies);
  const budgets = budgetsOf(matches, question);
  const found =
    (policies.length === 0 ? noPolicies(question) : undefined) ??
    denied({ matches, broken }, budgets, question) ??
    approvalRequired(matches, budgets, question) ??
    allowed(matches, question) ??
    byDefault(question);
  return {
    ...found,
    rules: matches.map(referenceOf),
    obligations: { budgets: budgetObligations(budgets, question), egress: egressObligation(matches) },
  };
}

function noPolicies({ tenant }: PolicyQuestion): Found {
  return {
    answer: 'deny',
    policy: 'none',
    reason: `tenant ${tenant} has no policy, and without one everything is denied; set one with npm run admin -- policy set`,
  };
}

function denied(
  { matches, broken }: Matching,
  budgets: readonly Budget[],
  question: PolicyQuestion,
): Found | undefined {
  const [rule] = matches.filter(match => match.rule.kind === 'deny_action');
  if (rule) return deny(rule, `denies ${asked(question)}${because(rule)}`);
  const budget = budgets.find(({ exceeded, params }) => exceeded && params.over === 'deny');
  if (budget)
    return deny(
      budget.placed,
      `denies ${asked(question)}: it ${overBudget(budget, question)}${because(budget.placed)}`,
    );
  const [error] = broken;
  return error && deny(error, `could not be asked about ${asked(question)}, which denies it: ${error.error}`);
}

function deny(placed: Placed, what: string): Found {
  return { answer: 'deny', policy: placed.policy.name, reason: `${ruleName(placed)} ${what}` };
}

function approvalRequired(
  matches: readonly Placed[],
  budgets: readonly Budget[],
  question: PolicyQuestion,
): Found | undefined {
  const demanded = [
    ...matches.flatMap(match =>
      match.rule.kind === 'require_approval' ? [timedDemandOf(match, match.rule.params)] : [],
    ),
    ...budgets
      .filter(({ exceeded }) => exceeded)
      .map(({ placed, params }) => timedDemandOf(placed, params.approval)),
  ];
  const [first, ...others] = demanded;
  if (!first) return undefined;
  const most = others.reduce((one, other) => (other.demand.quorum > one.demand.quorum ? other : one), first);
  const over = budgets.find(({ placed }) => placed === most.placed);
  return {
    answer: 'require_approval',
    policy: most.placed.policy.name,
    reason: `${ruleName(most.placed)} requires the approval of ${demandInWords(most.demand)} for ${asked(question)}${
      over ? `: it ${overBudget(over, question)}` : ''
    }${because(most.placed)}`,
    demands: distinctDemands(demanded.map(({ demand }) => demand)),
    expires_in_seconds: soonest(demanded.map(({ expiresInSeconds }) => expiresInSeconds)),
  };
}

function allowed(matches: readonly Placed[], question: PolicyQuestion): Found | undefined {
  const match = matches.find(({ rule }) => rule.kind === 'allow_action');
  if (!match) return undefined;
  return {
    answer: 'allow',
    policy: match.policy.name,
    reason: `${ruleName(match)} allows ${asked(question)}${because(match)}`,
  };
}

function byDefault(question: PolicyQuestion): Found {
  const { action, environment } = question;
  if (ENVIRONMENT_DEFAULTS[environment].denies.includes(action))
    return {
      answer: 'deny',
      policy: 'default',
      reason: `no rule of tenant ${question.tenant} allows ${asked(question)}, and ${environment} denies ${action} unless a rule allows it; add an allow_action or require_approval rule for it`,
    };
  return {
    answer: 'allow',
    policy: 'default',
    reason: `no rule of tenant ${question.tenant} is about ${asked(question)}, and ${environment} allows ${action} by default`,
  };
}
