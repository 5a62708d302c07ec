import type { BudgetParams, Obligations, PolicyCost, PolicyQuestion } from '../domain/policy.ts';
import { type Placed, ruleName } from './naming.ts';

/** A budget held against what an action would cost. */
export interface Budget {
  readonly placed: Placed;
  readonly params: BudgetParams;
  /** Per month, with this runtime as it shall be. */
  readonly total: number;
  readonly left: number;
  /** Whether the action must not simply go on: it raises the cost of the runtime, and the total is over the limit. */
  readonly exceeded: boolean;
}

/** Holds every matching budget against the cost. What lowers or keeps the cost of a runtime never exceeds one. */
export function budgetsOf(matches: readonly Placed[], { cost }: PolicyQuestion): Budget[] {
  return matches.flatMap(placed =>
    placed.rule.kind === 'budget_guardrail' ? [budgetOf(placed, placed.rule.params, cost)] : [],
  );
}

/** What is left of each budget, as an obligation. */
export function budgetObligations(
  budgets: readonly Budget[],
  { cost }: PolicyQuestion,
): Obligations['budgets'] {
  return budgets.map(({ placed, params, left }) => ({
    per: params.per,
    monthly: params.monthly,
    left,
    unit: cost.unit,
    because: ruleName(placed),
  }));
}

/** Why a budget stands in the way, as a sentence without its subject. */
export function overBudget({ params, total }: Budget, { cost }: PolicyQuestion): string {
  const over = rounded(total - params.monthly);
  return `limits the ${params.per} to ${params.monthly} ${cost.unit} a month, and this makes it ${total} ${cost.unit}, ${over} over`;
}

/** The others that a budget counts with the runtime: none when it is the runtime's own. */
export function othersOf({ per }: BudgetParams, cost: PolicyCost): number {
  return per === 'runtime' ? 0 : cost[per];
}

/** To a ten-thousandth: sums of prices carry the errors of binary fractions. */
export function rounded(amount: number): number {
  return Math.round(amount * 10_000) / 10_000;
}

function budgetOf(placed: Placed, params: BudgetParams, cost: PolicyCost): Budget {
  const total = rounded(cost.after + othersOf(params, cost));
  const keeps = rounded(cost.after) <= rounded(cost.before);
  const within = total <= params.monthly;
  // Asked this way round, a cost that is no number exceeds every budget.
  return { placed, params, total, left: rounded(params.monthly - total), exceeded: !within && !keeps };
}
