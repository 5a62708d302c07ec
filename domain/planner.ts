import { z } from 'zod';
import { Action, ActionResult } from './action.ts';
import type { Power } from './change.ts';
import { idOf } from './ids.ts';
import { Outcome } from './operation.ts';
import { PolicyAction } from './policy.ts';
import type { Prices } from './rules/prices.ts';
import { type Capability, type RuntimeSpec, type RuntimeState, RuntimeType } from './runtime.ts';

/** How much of a runtime's capacity one plan may take away, and how much saving a disturbance must be worth. */
export const PolicyMode = z.enum(['safe_first', 'balanced', 'aggressive']);
export type PolicyMode = z.infer<typeof PolicyMode>;

const Goal = z
  .string()
  .min(1)
  .max(1000)
  .meta({ examples: ['reduce cost while keeping latency < 50ms'] });

/** A small bag of named facts from outside: signals, constraints, context. */
const Facts = z
  .record(z.string().max(100), z.unknown())
  .refine(facts => Object.keys(facts).length <= 100, 'must not hold more than 100 names');

const Signals = Facts.meta({
  description: 'Figures to plan with, each a number whose name says the unit, or {value, unit}',
  examples: [{ cpu_percent: 20, latency: { value: 31, unit: 'ms' } }],
});

const Constraints = Facts.meta({
  examples: [{ latency: '<50ms', availability: 'high', cost: 'optimize' }],
});

/** The body of `POST /v1/runtimes/{runtime_id}/actions/plan`. */
export const ActionPlanRequest = z
  .strictObject({
    goal: Goal,
    signals: Signals.optional(),
    constraints: Constraints.optional(),
    policy_mode: PolicyMode.default('safe_first'),
  })
  .meta({ id: 'ActionPlanRequest' });
export type ActionPlanRequest = z.infer<typeof ActionPlanRequest>;

/** Why something was not planned: `code` for programs, the rest for people. */
const Cannot = z.object({
  code: z.enum([
    'goal_not_understood',
    'constraint_not_understood',
    'signal_missing',
    'not_supported',
    'wrong_state',
    'schedule_not_supported',
    'conflict',
    'constraint_not_met',
  ]),
  what: z.string().meta({ description: 'The part of the question this is about' }),
  why: z.string(),
});
export type Cannot = z.infer<typeof Cannot>;

const Capacity = z.object({
  cpu: z.number().meta({ description: 'Cores of one replica' }),
  memory_mib: z.number().meta({ description: 'MiB of one replica' }),
  replicas: z.int(),
});

const Expected = z.object({
  cost: z.object({
    before: z.number(),
    after: z.number(),
    unit: z.string().meta({ description: 'Relative units per month, see the price table' }),
  }),
  capacity: z.object({ before: Capacity, after: Capacity }),
  latency_ms: z
    .object({ measured: z.number(), modelled: z.number() })
    .nullable()
    .meta({ description: 'Advisory: base / (1 - utilisation); null without the signals it needs' }),
});

/** Why one action is there; kept beside `actions`, so that these can be sent to `actions/execute` as they are. */
const Explanation = z.object({
  reasons: z.array(z.string()),
  figures: z.record(z.string(), z.union([z.number(), z.string()])),
});
export type Explanation = z.infer<typeof Explanation>;

/** What would be done for a goal, with the figures; an empty list of actions says why in `rationale` or `cannot`. */
export const ActionPlan = z
  .object({
    actions: z.array(Action),
    rationale: z.array(z.string()),
    hash: z.string().meta({ description: 'SHA-256 over everything else here; an approval refers to it' }),
    planner: z.object({ name: z.string(), version: z.string() }),
    policy_mode: PolicyMode,
    basis: z
      .object({ runtime_id: idOf('runtime'), type: RuntimeType, power: z.enum(['running', 'stopped']) })
      .meta({ description: 'What the plan starts from, with `expected.capacity.before`' }),
    explanations: z.array(Explanation).meta({ description: 'One for each action, in the same order' }),
    expected: Expected,
    cannot: z.array(Cannot),
    recommendations: z.array(z.string()),
  })
  .meta({ id: 'ActionPlan' });
export type ActionPlan = z.infer<typeof ActionPlan>;

/** The body of `POST /v1/runtimes/{runtime_id}/intent`: what shall be reached, within which limits. */
export const IntentRequest = z
  .strictObject({
    goal: Goal,
    constraints: Constraints.optional(),
    signals: Signals.optional(),
    context: Facts.optional().meta({
      description: 'Kept with the intent and shown to whoever approves it; not planned with',
      examples: [{ env: 'production', service: 'risk-api' }],
    }),
    policy_mode: PolicyMode.default('safe_first'),
    dry_run: z
      .boolean()
      .default(false)
      .meta({ description: 'Plan, check and show the diff; change nothing' }),
  })
  .meta({ id: 'IntentRequest' });
export type IntentRequest = z.infer<typeof IntentRequest>;

/** What the policies said to one action of the plan. */
const IntentVerdict = z.object({
  action: PolicyAction,
  answer: z.enum(['allow', 'deny', 'require_approval']),
  policy: z.string(),
  reason: z.string(),
});
export type IntentVerdict = z.infer<typeof IntentVerdict>;

const IntentStatus = z.enum(['accepted', 'planned', 'executing', 'succeeded', 'failed', 'cancelled']);
export type IntentStatus = z.infer<typeof IntentStatus>;

/** The answer to a submitted intent. */
export const IntentResponse = z
  .object({
    intent_id: idOf('intent'),
    operation_id: idOf('operation'),
    status: IntentStatus.exclude(['cancelled']),
    planned_actions: z.array(Action),
    plan: ActionPlan.nullable(),
    verdicts: z.array(IntentVerdict),
  })
  .meta({ id: 'IntentResponse' });
export type IntentResponse = z.infer<typeof IntentResponse>;

/** What came of an intent. */
export const IntentResult = z
  .object({
    summary: z.string(),
    executed_actions: z.array(ActionResult),
    recommendations: z.array(z.string()),
    undone: z.boolean().meta({ description: 'Whether things got worse and what was done was taken back' }),
  })
  .meta({ id: 'IntentResult' });
export type IntentResult = z.infer<typeof IntentResult>;

/** One intent from its submission to its end; `outcome` is the finer word for how it ended. */
export const IntentRecord = z
  .object({
    intent_id: idOf('intent'),
    runtime_id: idOf('runtime'),
    operation_id: idOf('operation'),
    request: IntentRequest,
    status: IntentStatus,
    outcome: Outcome.nullable(),
    plan: ActionPlan.nullable(),
    verdicts: z.array(IntentVerdict),
    result: IntentResult.optional().meta({ description: 'Absent until it has ended' }),
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'IntentRecord' });
export type IntentRecord = z.infer<typeof IntentRecord>;

/** What a planner may know of the runtime it plans for. */
export interface PlannedRuntime {
  readonly id: string;
  readonly type: RuntimeType;
  readonly capabilities: readonly Capability[];
  readonly spec: RuntimeSpec;
  readonly power: Power;
  readonly state: RuntimeState;
  readonly health: 'ok' | 'warning' | 'critical' | 'unknown';
}

export interface PlanQuestion {
  readonly runtime: PlannedRuntime;
  readonly goal: string;
  /** One snapshot: as `RuntimeStatus.signals` or plain numbers. */
  readonly signals: Readonly<Record<string, unknown>>;
  readonly constraints: Readonly<Record<string, unknown>>;
  readonly policyMode: PolicyMode;
  /** `PRICES` when left out. */
  readonly prices?: Prices;
}

/** Makes a plan and changes nothing; the same question gets the same plan, and none is answered by throwing. */
export interface Planner {
  readonly name: string;
  readonly version: string;
  plan(question: PlanQuestion): ActionPlan;
}
