import type { PolicyMode } from '../../planner.ts';
import type { Tariff } from '../prices.ts';
import type { Resources } from '../sizes.ts';
import { boundText, keeps, type Limits, minReplicas } from './limits.ts';
import { capacityOf } from './resources.ts';
import type { Figures } from './signals.ts';

/** Against what a change of the resources is held. */
export interface Terms {
  readonly now: Resources;
  readonly figures: Figures;
  readonly limits: Limits;
  readonly mode: PolicyMode;
  readonly tariff: Tariff;
}

/** Why a change of the resources must not be planned. */
export interface Objection {
  readonly rule: 'availability' | 'budget' | 'step' | 'cpu' | 'memory' | 'latency' | 'signal';
  readonly why: string;
  /** The signal without which nothing can be said. */
  readonly lacks?: 'cpu' | 'memory' | 'latency';
}

/** How much of its capacity one plan may take from a runtime, and by how much it may let it grow. */
export const STEP: Readonly<Record<PolicyMode, { readonly cut: number; readonly growth: number }>> = {
  safe_first: { cut: 0.25, growth: 1 },
  balanced: { cut: 0.5, growth: 2 },
  aggressive: { cut: 1, growth: 4 },
};

/**
 * What is left above the usage: the margin of the Vertical Pod Autoscaler
 * (kubernetes/autoscaler, vertical-pod-autoscaler/pkg/recommender/logic/recommender.go).
 */
export const HEADROOM = 1.15;

/** The first rule that the change breaks, or nothing. */
export function objectionTo(wanted: Resources, terms: Terms): Objection | undefined {
  return limitsBroken(wanted, terms) ?? tooBigAStep(wanted, terms) ?? tooLittle(wanted, terms);
}

/** The same for a size that somebody named: it may grow as far as was said, and a missing signal is no objection. */
export function objectionToNamed(wanted: Resources, terms: Terms): Objection | undefined {
  const broken = limitsBroken(wanted, terms) ?? tooBigACut(wanted, terms);
  if (broken) return broken;
  return (
    [tooLittleCpu(wanted, terms), tooLittleMemory(wanted, terms)].find(found => found && !found.lacks) ??
    tooSlow(wanted, terms)
  );
}

/**
 * Latency after the change, as a queue would have it: base / (1 - utilisation). Advisory: it knows of no locks, caches
 * or other services, so what was planned with it must be verified by measuring.
 */
export function modelledLatencyMs(wanted: Resources, { now, figures }: Pick<Terms, 'now' | 'figures'>) {
  const { latencyMs, cpuCores } = figures;
  if (latencyMs === undefined || cpuCores === undefined) return undefined;
  return (latencyMs * idleShare(now, cpuCores)) / idleShare(wanted, cpuCores);
}

const TOLERANCE = 1e-9;
/** Above this the model's answer runs away to infinity and says nothing. */
const BUSIEST = 0.95;

function idleShare(resources: Resources, cpuCores: number): number {
  const { cpu } = capacityOf(resources);
  return 1 - (cpu === 0 ? BUSIEST : Math.min(cpuCores / cpu, BUSIEST));
}

function limitsBroken(wanted: Resources, { limits, tariff }: Terms): Objection | undefined {
  const least = minReplicas(limits);
  if (wanted.replicas < least)
    return {
      rule: 'availability',
      why: `availability needs at least ${least} replicas, and it would have ${wanted.replicas}`,
    };
  const cost = tariff.perMonth(wanted);
  const budget = limits.costPerMonth;
  if (budget && !keeps(budget, cost))
    return {
      rule: 'budget',
      why: `it would cost ${round(cost)} ${tariff.unit} a month, and the limit is ${boundText(budget)}`,
    };
  return undefined;
}

function tooBigAStep(wanted: Resources, terms: Terms): Objection | undefined {
  return tooBigACut(wanted, terms) ?? tooBigAGrowth(wanted, terms);
}

function tooBigACut(wanted: Resources, { now, mode }: Terms): Objection | undefined {
  const allowed = STEP[mode].cut;
  const cut = 1 - Math.min(...ratios(wanted, now));
  if (cut <= allowed + TOLERANCE) return undefined;
  const why = `it would take ${percent(cut)} of the capacity away, and ${mode} allows ${percent(allowed)} in one plan`;
  return { rule: 'step', why };
}

function tooBigAGrowth(wanted: Resources, { now, mode }: Terms): Objection | undefined {
  const allowed = STEP[mode].growth;
  const growth = Math.max(...ratios(wanted, now)) - 1;
  if (growth <= allowed + TOLERANCE) return undefined;
  const why = `it would add ${percent(growth)} of the capacity, and ${mode} allows ${percent(allowed)} in one plan`;
  return { rule: 'step', why };
}

function ratios(wanted: Resources, now: Resources): number[] {
  const [after, before] = [capacityOf(wanted), capacityOf(now)];
  return [ratio(after.cpu, before.cpu), ratio(after.memoryMiB, before.memoryMiB)];
}

function ratio(after: number, before: number): number {
  return before === 0 ? 1 : after / before;
}

function tooLittle(wanted: Resources, terms: Terms): Objection | undefined {
  return tooLittleCpu(wanted, terms) ?? tooLittleMemory(wanted, terms) ?? tooSlow(wanted, terms);
}

function tooLittleCpu(wanted: Resources, { now, figures }: Terms): Objection | undefined {
  const has = capacityOf(wanted).cpu;
  if (has >= capacityOf(now).cpu - TOLERANCE) return undefined;
  if (figures.cpuCores === undefined) return lacks('cpu');
  const needs = figures.cpuCores * HEADROOM;
  if (has >= needs) return undefined;
  return {
    rule: 'cpu',
    why: `${round(figures.cpuCores)} cores are used, which with headroom needs ${round(needs)}, and it would have ${round(has)}`,
  };
}

/** More replicas do not share what each of them holds in memory, and fewer have to hold all of it. */
function tooLittleMemory(wanted: Resources, { now, figures }: Terms): Objection | undefined {
  if (wanted.memoryMiB >= now.memoryMiB && wanted.replicas >= now.replicas) return undefined;
  if (figures.memoryMiB === undefined) return lacks('memory');
  const needs = (figures.memoryMiB / Math.max(1, Math.min(wanted.replicas, now.replicas))) * HEADROOM;
  if (wanted.memoryMiB >= needs) return undefined;
  return {
    rule: 'memory',
    why: `${round(figures.memoryMiB)} MiB are used, which with headroom needs ${round(needs)} in each replica, and it would have ${wanted.memoryMiB}`,
  };
}

function tooSlow(wanted: Resources, terms: Terms): Objection | undefined {
  const { limits, figures, now } = terms;
  const limit = limits.latencyMs;
  if (limit === undefined) return undefined;
  if (figures.latencyMs === undefined) return lacks('latency');
  const noSlower = capacityOf(wanted).cpu >= capacityOf(now).cpu;
  if (noSlower && keeps(limit, figures.latencyMs)) return undefined;
  const modelled = modelledLatencyMs(wanted, terms);
  if (modelled === undefined) return lacks('cpu');
  if (keeps(limit, modelled)) return undefined;
  return {
    rule: 'latency',
    why: `latency would be ${round(modelled)} ms by the model, and the limit is ${boundText(limit)} ms`,
  };
}

function lacks(signal: 'cpu' | 'memory' | 'latency'): Objection {
  return { rule: 'signal', lacks: signal, why: `the signal ${signal} is missing` };
}

/** A share in whole percent. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** A figure as it is shown: two decimals at most. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
