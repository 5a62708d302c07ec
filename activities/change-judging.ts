import type { PolicyDecision } from '../db/policy-decisions.ts';
import type { AdmittedStep } from '../domain/change-operation.ts';
import type { PolicyAction } from '../domain/policy.ts';
import { PRICES } from '../domain/rules/prices.ts';
import { runtimeState } from '../domain/rules/runtime-state.ts';
import type { RuntimeSpec } from '../domain/runtime.ts';
import { judge } from '../policy/judge.ts';
import { questionOf } from '../policy/question.ts';
import type { Case } from './change-case.ts';

/** What the policies say to the goal of an intent, before any plan is made. */
export function judgeGoal(asked: Case): PolicyDecision {
  const spec = asked.facts.runtime?.spec ?? asked.input.create?.spec ?? {};
  return judged(asked, { step: 0, action: 'intent.plan', before: spec, desired: spec });
}

/** What the policies say to each step. */
export function judgeSteps(asked: Case, steps: readonly AdmittedStep[]): readonly PolicyDecision[] {
  return steps.map(({ change, before, desired }, step) =>
    judged(asked, {
      step,
      action: `lifecycle.${change.verb}`,
      before: before?.spec ?? null,
      desired: desired.spec,
    }),
  );
}

interface What {
  readonly step: number;
  readonly action: PolicyAction;
  readonly before: RuntimeSpec | null;
  readonly desired: RuntimeSpec;
}

function judged({ input, facts, place, limits, observed }: Case, { step, ...what }: What): PolicyDecision {
  const { runtime, holdings, policies } = facts;
  const question = questionOf({
    ...what,
    tenantId: input.tenantId,
    place: { project: place.project, environment: place.environment },
    runtime: {
      id: runtime ? input.runtimeId : null,
      name: place.name,
      type: place.type,
      labels: { ...place.labels },
      lifecycle: runtime ? runtimeState(runtime.phase, observed?.status ?? 'unknown') : 'new',
    },
    requester: input.requester,
    holdings,
    prices: limits.prices ?? PRICES,
    now: new Date(),
  });
  return { step, question, verdict: judge(question, policies) };
}
