import type { Holding } from '../domain/holding.ts';
import type { PolicyAction, PolicyCost, PolicyQuestion } from '../domain/policy.ts';
import type { Requester } from '../domain/requester.ts';
import { footprintOf } from '../domain/rules/footprint.ts';
import { monthlyCostOf, type Prices } from '../domain/rules/prices.ts';
import type { RuntimeSpec } from '../domain/runtime.ts';
import type { Environment } from '../domain/tenant.ts';

/** What a question is made of. */
export interface QuestionFacts {
  readonly action: PolicyAction;
  readonly tenantId: string;
  readonly place: { readonly project: string; readonly environment: Environment };
  readonly runtime: PolicyQuestion['runtime'];
  readonly requester: Requester;
  readonly before: RuntimeSpec | null;
  readonly desired: RuntimeSpec;
  readonly holdings: readonly Holding[];
  readonly prices: Prices;
  readonly now: Date;
}

/** The question as the policies judge it and as it is kept. */
export function questionOf(facts: QuestionFacts): PolicyQuestion {
  const { action, tenantId, place, runtime, requester, now } = facts;
  const before = facts.before && footprintOf(runtime.type, facts.before);
  const desired = footprintOf(runtime.type, facts.desired);
  const shape = { action, tenant: tenantId, ...place, runtime, before, desired } as const;
  return {
    ...shape,
    requester: askedBy(requester),
    cost: costOf(shape, facts),
    now: now.toISOString(),
  };
}

/** Who asks, as policies look at them. */
export function askedBy({
  id,
  name,
  kind,
  roles = [],
  groups = [],
  onBehalfOf,
}: Requester): PolicyQuestion['requester'] {
  return { id, name, kind, roles: [...roles], groups: [...groups], on_behalf_of: onBehalfOf?.id ?? null };
}

type Shape = Pick<PolicyQuestion, 'runtime' | 'project' | 'environment' | 'before' | 'desired'>;

/** What the runtime and all others cost; a deleted one costs nothing any more. */
export function costOf(
  { runtime, project, environment, before, desired }: Shape,
  { holdings, prices, action }: Pick<QuestionFacts, 'holdings' | 'prices' | 'action'>,
): PolicyCost {
  const sum = (some: (one: Holding) => boolean) =>
    holdings.filter(some).reduce((total, one) => total + one.count * costOfOne(one, prices), 0);
  return {
    before: before ? monthlyCostOf(before, runtime.type, prices) : 0,
    after: action === 'lifecycle.delete' ? 0 : monthlyCostOf(desired, runtime.type, prices),
    tenant: sum(() => true),
    project: sum(one => one.project === project),
    environment: sum(one => one.environment === environment),
    unit: prices.unit,
  };
}

function costOfOne({ type, footprint, asked, spec }: Holding, prices: Prices): number {
  const known = footprint ?? (spec && footprintOf(type, spec));
  const costs = [known, asked].map(held => (held ? monthlyCostOf(held, type, prices) : 0));
  return Math.max(...costs);
}
