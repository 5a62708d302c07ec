import type { ActionPlan, IntentRequest } from '../domain/planner.ts';
import { createRulePlanner } from '../domain/rules/planner/plan.ts';
import { contractHealth, runtimeState } from '../domain/rules/runtime-state.ts';
import type { Case } from './change-case.ts';

type IntentCase = Pick<Case, 'input' | 'facts' | 'kind' | 'observed' | 'limits'> & {
  readonly request: IntentRequest;
};

const planner = createRulePlanner();

/** The plan for an intent, from the runtime's records and what was observed of it last. */
export function planIntent({
  input,
  facts,
  kind,
  observed,
  limits,
  request,
}: IntentCase): ActionPlan | undefined {
  const { runtime } = facts;
  if (!runtime) return undefined;
  const health = observed?.status ?? 'unknown';
  return planner.plan({
    runtime: {
      id: input.runtimeId,
      type: runtime.type,
      capabilities: kind?.capabilities ?? [],
      spec: runtime.spec,
      power: runtime.power,
      state: runtimeState(runtime.phase, health),
      health: contractHealth(health),
    },
    goal: request.goal,
    signals: { ...observed?.signals, ...request.signals },
    constraints: request.constraints ?? {},
    policyMode: request.policy_mode,
    ...(limits.prices && { prices: limits.prices }),
  });
}
