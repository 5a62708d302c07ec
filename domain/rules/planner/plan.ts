import type { ActionPlan, Cannot, Planner, PlanQuestion } from '../../planner.ts';
import { PRICES, savedPerHour, tariffOf } from '../prices.ts';
import type { Resources } from '../sizes.ts';
import { readConstraints } from './constraints.ts';
import { modelledLatencyMs, round } from './feasible.ts';
import { readGoal, type TypedIntent, type Wish } from './goal.ts';
import { planHash } from './hash.ts';
import { both } from './limits.ts';
import { resourcesNow } from './resources.ts';
import { planScale } from './scale.ts';
import { readSignals } from './signals.ts';
import { costOf, type Planned, type Situation } from './situation.ts';
import { isIdle, planCheaper, planLimits } from './sizing.ts';
import { planVerb } from './verbs.ts';
import { quoted } from './words.ts';

const PLANNER = { name: 'fixed-rules', version: '2' } as const;

/**
 * The planner that needs nothing but its question: a small grammar of goals, every size and number of replicas tried
 * against fixed rules. What it plans is planned wholly or not at all; docs/planner.md has the grammar and the figures.
 */
export function createRulePlanner(): Planner {
  return { ...PLANNER, plan };
}

function plan(question: PlanQuestion): ActionPlan {
  const situation = situationOf(question);
  const draft = draftOf(question, situation);
  const content = { ...frameOf(question, situation), ...draft };
  return { ...content, hash: planHash(content) };
}

type Draft = Pick<
  ActionPlan,
  'actions' | 'explanations' | 'rationale' | 'cannot' | 'recommendations' | 'expected'
>;

function draftOf({ goal, constraints, runtime }: PlanQuestion, start: Situation): Draft {
  const read = readGoal(goal);
  const { misunderstood, limits, preferCheaper } = readConstraints(constraints);
  const cannot: Cannot[] = [
    ...('misunderstood' in read ? read.misunderstood.map(notUnderstood) : []),
    ...misunderstood.map(one => ({ code: 'constraint_not_understood' as const, ...one })),
    ...(GONE.includes(runtime.state) ? [gone(runtime.state)] : []),
  ];
  if (cannot.length > 0 || 'misunderstood' in read) return emptyDraft(start, { cannot });
  const { intent } = read;
  const situation = { ...start, limits: both(intent.limits, limits), preferCheaper };
  if (intent.schedule !== undefined) return scheduled(intent, situation, intent.schedule);
  return drafted(intent.wishes, situation);
}

const GONE = ['deleting', 'deleted'];

function drafted(wishes: readonly Wish[], start: Situation): Draft {
  const steps: Planned[] = [];
  let situation = start;
  for (const wish of wishes) {
    const step = planWish(wish, situation);
    steps.push(step);
    situation = { ...situation, ...step.after };
  }
  const kept = withoutIdlePreparation(steps, wishes);
  const cannot = steps.flatMap(step => step.cannot ?? []);
  const rationale = [...kept.flatMap(step => step.rationale ?? []), ...unreadable(start)];
  const recommendations = [...new Set(steps.flatMap(step => step.recommendations ?? []))];
  if (cannot.length > 0)
    return emptyDraft(start, { cannot, rationale, recommendations: adviceWithout(steps) });
  return {
    actions: kept.flatMap(step => step.action ?? []),
    explanations: kept.flatMap(step => step.explanation ?? []),
    rationale: [...kept.flatMap(step => step.explanation?.reasons ?? []), ...rationale],
    cannot,
    recommendations,
    expected: expectedOf(start, kept.some(step => step.action) ? situation : start),
  };
}

function planWish(wish: Wish, situation: Situation): Planned {
  switch (wish.verb) {
    case 'scale':
      return planScale(wish.to, situation);
    case 'reduce_cost':
      return planCheaper(situation);
    case 'keep_limits':
      return planLimits(situation);
    default:
      return planVerb(wish.verb, situation);
  }
}

/** What was only to prepare something that turned out to be so already is not done either. */
function withoutIdlePreparation(steps: readonly Planned[], wishes: readonly Wish[]): Planned[] {
  return steps.map((step, index) => {
    const idle = wishes[index]?.prepares === true && steps[index + 1]?.action === undefined;
    return idle
      ? { rationale: ['what was to be done first is left out, as there is nothing to do after it'] }
      : step;
  });
}

/** Advice that goes with an action makes no sense without it. */
function adviceWithout(steps: readonly Planned[]): string[] {
  return steps.flatMap(step => (step.action ? [] : (step.recommendations ?? [])));
}

function scheduled({ wishes }: TypedIntent, situation: Situation, schedule: string): Draft {
  const { now, tariff, power } = situation;
  const named = /\d/.test(schedule);
  const when = named
    ? `at the times of ${quoted(schedule)}`
    : `at the hours that ${quoted(schedule)} means to you`;
  const what = wishes.map(({ verb }) => verb.replace('_', ' ')).join(', ') || 'nothing';
  const cannot = {
    code: 'schedule_not_supported' as const,
    what: quoted(schedule),
    why: `no action has a time of day, and doing it at once (${what}) is not what was asked for`,
  };
  const saving = `each hour in which it is stopped saves ${round(savedPerHour(tariff, now))} of ${round(tariff.perMonth(now))} ${tariff.unit} a month`;
  const advice = `let a scheduler of yours call lifecycle/stop and lifecycle/start ${when}; ${saving}`;
  return emptyDraft(situation, { cannot: [cannot], recommendations: power === 'running' ? [advice] : [] });
}

function situationOf(question: PlanQuestion): Situation {
  const { runtime, signals, policyMode, prices = PRICES } = question;
  const now = resourcesNow(runtime);
  const { spec, power } = runtime;
  const figures = readSignals(signals, now);
  const tariff = tariffOf(runtime, prices);
  return { runtime, spec, power, now, figures, limits: {}, mode: policyMode, tariff, preferCheaper: false };
}

function frameOf({ runtime, policyMode }: PlanQuestion, { power }: Situation) {
  return {
    planner: { ...PLANNER },
    policy_mode: policyMode,
    basis: { runtime_id: runtime.id, type: runtime.type, power },
  };
}

function emptyDraft(
  start: Situation,
  said: Partial<Pick<Draft, 'cannot' | 'rationale' | 'recommendations'>>,
): Draft {
  return {
    actions: [],
    explanations: [],
    rationale: [],
    cannot: [],
    recommendations: [],
    ...said,
    expected: expectedOf(start, start),
  };
}

function expectedOf(before: Situation, after: Situation): ActionPlan['expected'] {
  const { latencyMs } = before.figures;
  const modelled = isIdle(after) ? undefined : modelledLatencyMs(after.now, before);
  return {
    cost: {
      before: round(costOf(before)),
      after: round(costOf(after)),
      unit: `${before.tariff.unit} per month`,
    },
    capacity: { before: capacity(before.now), after: capacity(after.now) },
    latency_ms:
      latencyMs === undefined || modelled === undefined
        ? null
        : { measured: round(latencyMs), modelled: round(modelled) },
  };
}

function capacity({ cpu, memoryMiB, replicas }: Resources) {
  return { cpu, memory_mib: memoryMiB, replicas };
}

function unreadable({ figures }: Situation): string[] {
  return figures.unreadable.map(complaint => `a signal was not used: ${complaint}`);
}

function notUnderstood(why: string): Cannot {
  return { code: 'goal_not_understood', what: 'goal', why: `${why}; docs/planner.md has what can be said` };
}

function gone(state: string): Cannot {
  return { code: 'wrong_state', what: 'the runtime', why: `it is ${state}` };
}
