import type { Resources } from '../sizes.ts';
import { capacityOf } from './resources.ts';

/** How a runtime behaves, in one unit each; what is missing was not there or could not be read. */
export interface Behaviour {
  /** The slowest of the latencies given. */
  readonly latencyMs?: number | undefined;
  /** From 0 to 1. */
  readonly errorRatio?: number | undefined;
  readonly restarts?: number | undefined;
  readonly readyPods?: number | undefined;
  readonly totalPods?: number | undefined;
  /** Signals with a name we know and a value or unit we do not. */
  readonly unreadable: readonly string[];
}

export interface Figures extends Behaviour {
  /** Cores used by all replicas together. */
  readonly cpuCores?: number | undefined;
  /** MiB used by all replicas together. */
  readonly memoryMiB?: number | undefined;
}

/** Reads signals given as `{value, unit}` or as plain numbers whose name says the unit; shares are of the resources. */
export function readSignals(signals: Signals, resources: Resources): Figures {
  const { cpu, memoryMiB } = capacityOf(resources);
  const { unreadable, ...behaviour } = readBehaviour(signals);
  const reader = new Reader(signals);
  return {
    ...behaviour,
    cpuCores: reader.first(CPU, { cores: 1, m: 0.001, ...sharesOf(cpu) }),
    memoryMiB: reader.first(MEMORY, { MiB: 1, GiB: 1024, bytes: 1 / 1024 ** 2, ...sharesOf(memoryMiB) }),
    unreadable: [...reader.unreadable, ...unreadable],
  };
}

/** The part of the signals that says how it is, not how much it uses. */
export function readBehaviour(signals: Signals): Behaviour {
  const reader = new Reader(signals);
  return {
    latencyMs: reader.largest(LATENCY, { ms: 1, s: 1000 }),
    errorRatio: reader.first(ERRORS, sharesOf(1)),
    restarts: reader.first(['restarts'], COUNT),
    readyPods: reader.first(['ready_pods'], COUNT),
    totalPods: reader.first(['total_pods'], COUNT),
    unreadable: reader.unreadable,
  };
}

type Signals = Readonly<Record<string, unknown>>;

const CPU = ['cpu', 'cpu_usage', 'cpu_cores', 'cpu_percent', 'cpu_utilization'];
const MEMORY = [
  'memory',
  'memory_usage',
  'memory_mib',
  'memory_bytes',
  'memory_percent',
  'memory_utilization',
];
const LATENCY = ['latency', 'latency_ms', 'latency_p95', 'latency_p95_ms', 'latency_p99', 'latency_p99_ms'];
const ERRORS = ['error_rate', 'error_percent', 'error_ratio'];

/** The unit a plain number of that name is in; any other name needs its unit beside the value. */
const UNIT_OF: ReadonlyMap<string, string> = new Map([
  ['cpu_cores', 'cores'],
  ['cpu_percent', '%'],
  ['memory_mib', 'MiB'],
  ['memory_bytes', 'bytes'],
  ['memory_percent', '%'],
  ['latency_ms', 'ms'],
  ['latency_p95_ms', 'ms'],
  ['latency_p99_ms', 'ms'],
  ['error_percent', '%'],
  ['error_ratio', 'ratio'],
  ['restarts', 'count'],
  ['ready_pods', 'count'],
  ['total_pods', 'count'],
]);

const SAME_UNIT: ReadonlyMap<string, string> = new Map([
  ['core', 'cores'],
  ['millicores', 'm'],
  ['mib', 'MiB'],
  ['Mi', 'MiB'],
  ['gib', 'GiB'],
  ['Gi', 'GiB'],
  ['byte', 'bytes'],
  ['B', 'bytes'],
  ['percent', '%'],
  ['milliseconds', 'ms'],
  ['seconds', 's'],
  ['pods', 'count'],
  ['restarts', 'count'],
]);

type Factors = Readonly<Record<string, number>>;

const COUNT: Factors = { count: 1 };

function sharesOf(whole: number): Factors {
  return { '%': whole / 100, ratio: whole };
}

class Reader {
  readonly unreadable: string[] = [];
  readonly #signals: Signals;

  constructor(signals: Signals) {
    this.#signals = signals;
  }

  first(names: readonly string[], factors: Factors): number | undefined {
    return this.#all(names, factors)[0];
  }

  largest(names: readonly string[], factors: Factors): number | undefined {
    const all = this.#all(names, factors);
    return all.length === 0 ? undefined : Math.max(...all);
  }

  #all(names: readonly string[], factors: Factors): number[] {
    return names.flatMap(name => {
      if (!Object.hasOwn(this.#signals, name)) return [];
      const given = this.#signals[name];
      if (given === null || given === undefined) return [];
      const figure = figureOf(name, given, factors);
      if (figure === undefined) this.unreadable.push(complaint(name, factors));
      return figure === undefined ? [] : [figure];
    });
  }
}

function figureOf(name: string, given: unknown, factors: Factors): number | undefined {
  const { value, unit } =
    typeof given === 'object' ? (given as Record<string, unknown>) : { value: given, unit: null };
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return undefined;
  const said = typeof unit === 'string' ? unit : UNIT_OF.get(name);
  if (said === undefined) return undefined;
  const known = SAME_UNIT.get(said) ?? said;
  const factor = Object.hasOwn(factors, known) ? factors[known] : undefined;
  return factor === undefined ? undefined : value * factor;
}

function complaint(name: string, factors: Factors): string {
  const units = Object.keys(factors).join(', ');
  return `${name}: needs a number from 0 up and one of the units ${units}`;
}
