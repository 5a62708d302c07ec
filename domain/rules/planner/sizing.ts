import type { PolicyMode } from '../../planner.ts';
import { desiredAfter } from '../desired.ts';
import type { Resources } from '../sizes.ts';
import { autoscalingOf, type Candidate, candidatesFor, REPLICAS } from './candidates.ts';
import { modelledLatencyMs, type Objection, objectionTo, percent, round, STEP } from './feasible.ts';
import { boundText, keeps, minReplicas } from './limits.ts';
import { capacityOf, resourcesNow, sameShape, scaleParams } from './resources.ts';
import { cheapest, isWorthIt, nearest, type Scored, scored, WORTH } from './score.ts';
import { alreadySo, costOf, type Planned, refusal, type Situation, termsOf } from './situation.ts';

/** Plans what costs least, within the limits, the usage and the step that the policy mode allows. */
export function planCheaper(situation: Situation): Planned {
  const cost = costOf(situation);
  if (isIdle(situation))
    return alreadySo('reduce cost: it is not running, so there is nothing to make cheaper');
  const governed = governedByAutoscaler('reduce cost', situation);
  if (governed) return governed;
  const { possible, objections } = sift(situation);
  const best = cheapest(possible.filter(candidate => isWorthIt(candidate, situation.mode)));
  if (best) {
    const reasons = [
      `saves ${percent((cost - best.cost) / cost)} of ${round(cost)} ${situation.tariff.unit} a month and disturbs ${percent(best.disruption)} of the replicas`,
    ];
    return scaleTo(best, situation, reasons);
  }
  return { ...noneFound('reduce cost', situation, objections), recommendations: withMoreCourage(situation) };
}

/** Plans the smallest change after which all limits are kept. */
export function planLimits(situation: Situation): Planned {
  const broken = brokenNow(situation);
  const missing = missingForLimits(situation);
  if (missing) return missing;
  if (broken.length === 0)
    return situation.preferCheaper ? planCheaper(situation) : alreadySo('every limit is kept already');
  const governed = governedByAutoscaler('the limits', situation);
  if (governed) return governed;
  const { possible, objections } = sift(situation);
  const best = nearest(possible);
  if (best) return scaleTo(best, situation, broken);
  const why = `${broken.join('; ')}; of ${objections.length} other sizes none would keep every limit (${tally(objections)})`;
  return refusal('constraint_not_met', 'the limits', why);
}

/** The action that makes the runtime be like this, if it can be scaled at all. */
export function scaleTo(candidate: Candidate, situation: Situation, reasons: readonly string[]): Planned {
  const { runtime, spec, power } = situation;
  if (!runtime.capabilities.includes('scale'))
    return refusal(
      'not_supported',
      'scale',
      `this ${runtime.type} cannot be scaled; its capabilities say what it can`,
    );
  const { type } = runtime;
  if (type === 'agent_runtime' && spec.agent === undefined)
    return refusal(
      'wrong_state',
      'scale',
      'no version was deployed into it yet, so there is nothing to scale',
    );
  const { size, resources } = candidate;
  const params = scaleParams(
    { type, spec },
    { size, replicas: REPLICAS[type].most > 1 ? resources.replicas : undefined },
  );
  const after = desiredAfter(type, { spec, power }, { verb: 'scale', to: params });
  return {
    action: { type: 'scale', params: { ...params } },
    explanation: { reasons: [...reasons], figures: figuresOf(resources, situation) },
    after: { ...after, now: resourcesNow({ type, spec: after.spec }) },
    recommendations: advice(resources, situation),
  };
}

/** Whether nothing of it runs. */
export function isIdle({ power, now }: Pick<Situation, 'power' | 'now'>): boolean {
  return power === 'stopped' || now.replicas === 0;
}

/** How many of it run is not known from its spec, and a plan that guessed could work against its autoscaler. */
function governedByAutoscaler(what: string, { spec }: Situation): Planned | undefined {
  const scaling = autoscalingOf(spec);
  if (scaling === undefined) return undefined;
  const why = `its autoscaler decides between ${scaling.min} and ${scaling.max} replicas; change that with tune_policy, or name what to scale to`;
  return refusal('not_supported', what, why);
}

function sift(situation: Situation): { possible: Scored[]; objections: Objection[] } {
  const terms = termsOf(situation);
  const possible: Scored[] = [];
  const objections: Objection[] = [];
  for (const candidate of candidatesFor(situation.runtime.type, situation.now)) {
    const objection = objectionTo(candidate.resources, terms);
    if (objection) objections.push(objection);
    else possible.push(scored(candidate, situation.now, situation.tariff));
  }
  return { possible, objections };
}

function noneFound(what: string, situation: Situation, objections: readonly Objection[]): Planned {
  const lacking = [...new Set(objections.flatMap(({ lacks }) => lacks ?? []))].sort();
  if (lacking.length > 0) {
    const names = lacking.join(' and ');
    return refusal(
      'signal_missing',
      what,
      `without the signal ${names} nobody can say whether less is enough; send it with its unit`,
    );
  }
  const { mode } = situation;
  const counted = objections.length === 0 ? '' : `: ${tally(objections)}`;
  const why = `${what}: nothing is both cheaper and allowed in ${mode}, which takes away at most ${percent(STEP[mode].cut)} and wants a saving of ${round(WORTH[mode])} for each share of replicas disturbed${counted}`;
  return { rationale: [why] };
}

/** What a less careful mode would do, when this one does nothing. */
function withMoreCourage(situation: Situation): string[] {
  const modes: readonly PolicyMode[] = ['safe_first', 'balanced', 'aggressive'];
  for (const mode of modes.slice(modes.indexOf(situation.mode) + 1)) {
    const { possible } = sift({ ...situation, mode });
    const best = cheapest(possible.filter(candidate => isWorthIt(candidate, mode)));
    if (best) return [`policy_mode ${mode} would go to ${inWords(best)} and save ${percent(best.savings)}`];
  }
  return [];
}

function brokenNow(situation: Situation): string[] {
  const { limits, now, tariff, figures } = situation;
  const { latencyMs, costPerMonth } = limits;
  const cost = costOf(situation);
  const least = minReplicas(limits);
  return [
    ...(now.replicas < least ? [`availability needs ${least} replicas, and it has ${now.replicas}`] : []),
    ...(costPerMonth && !keeps(costPerMonth, cost)
      ? [`it costs ${round(cost)} ${tariff.unit} a month, and the limit is ${boundText(costPerMonth)}`]
      : []),
    ...(latencyMs && figures.latencyMs !== undefined && !keeps(latencyMs, figures.latencyMs)
      ? [`latency is ${round(figures.latencyMs)} ms, and the limit is ${boundText(latencyMs)} ms`]
      : []),
  ];
}

function missingForLimits(situation: Situation): Planned | undefined {
  const { limits, figures } = situation;
  if (limits.latencyMs === undefined) return undefined;
  const what = 'the latency limit';
  if (isIdle(situation))
    return refusal('wrong_state', what, 'it is not running, so it has no latency; start it first');
  if (figures.latencyMs === undefined)
    return refusal(
      'signal_missing',
      what,
      'without the signal latency nobody can say whether it is kept; send it with its unit',
    );
  if (keeps(limits.latencyMs, figures.latencyMs) || figures.cpuCores !== undefined) return undefined;
  return refusal(
    'signal_missing',
    what,
    `latency is ${round(figures.latencyMs)} ms, and without the signal cpu nobody can say what would help; send it with its unit`,
  );
}

function figuresOf(
  wanted: Resources,
  { now, figures, mode, tariff }: Situation,
): Record<string, number | string> {
  const used = {
    cpu_used_cores: figures.cpuCores,
    memory_used_mib: figures.memoryMiB,
    latency_ms: figures.latencyMs,
  };
  const known = Object.entries(used).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, round(value)]],
  );
  const [before, after] = [capacityOf(now), capacityOf(wanted)];
  return {
    ...Object.fromEntries(known),
    cpu_cores_before: round(before.cpu),
    cpu_cores_after: round(after.cpu),
    memory_mib_before: round(before.memoryMiB),
    memory_mib_after: round(after.memoryMiB),
    cost_per_month_before: round(tariff.perMonth(now)),
    cost_per_month_after: round(tariff.perMonth(wanted)),
    policy_mode: mode,
  };
}

function advice(wanted: Resources, situation: Situation): string[] {
  const { figures, limits, now, spec } = situation;
  const scaling = autoscalingOf(spec);
  const smaller = capacityOf(wanted).cpu < capacityOf(now).cpu || !sameShape(wanted, now);
  const unmeasured = smaller && (figures.cpuCores === undefined || figures.memoryMiB === undefined);
  const modelled = limits.latencyMs && modelledLatencyMs(wanted, situation) !== undefined;
  return [
    ...(unmeasured ? ['without the signals cpu and memory it was not checked whether less is enough'] : []),
    ...(modelled ? ['the latency is modelled, not measured: watch it after the change'] : []),
    ...(scaling && wanted.replicas !== now.replicas
      ? [
          `its autoscaler decides between ${scaling.min} and ${scaling.max} replicas and may change the number again`,
        ]
      : []),
  ];
}

function tally(objections: readonly Objection[]): string {
  const counts = new Map<string, number>();
  for (const { rule } of objections) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  return [...counts].map(([rule, count]) => `${count} by ${rule}`).join(', ');
}

function inWords({ size, resources }: Candidate): string {
  const replicas = `${resources.replicas} ${resources.replicas === 1 ? 'replica' : 'replicas'}`;
  return size === undefined ? replicas : `${size} with ${replicas}`;
}
