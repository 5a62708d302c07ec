import type { Bar } from './bars.ts';
import { table } from './markdown.ts';
import type { ObserverMemory } from './observer-memory.ts';
import type { Reads, ReadsOf } from './reads.ts';
import { median, summarise } from './statistics.ts';
import type { StatusRate } from './status.ts';
import type { Subscriptions } from './subscriptions.ts';

/** What was measured of reading. */
export interface ReadResults {
  readonly reads?: Reads;
  readonly status?: StatusRate;
  readonly events?: Subscriptions;
  readonly memory?: ObserverMemory;
}

/** Holds the results of reading against the bars of the design. */
export function readBars({ reads, status, events, memory }: ReadResults): readonly Bar[] {
  return [
    ...(reads ? [ratioBar(reads)] : []),
    ...(status ? statusBars(status) : []),
    ...(events ? [gapBar(events)] : []),
    ...(memory ? [memoryBar(memory)] : []),
  ];
}

/** The figures behind the bars of reading, in Markdown. */
export function readTables({ reads, status, events, memory }: ReadResults): readonly string[] {
  return [
    ...(reads ? ratioTable(reads) : []),
    ...(status ? statusTable(status) : []),
    ...(events ? eventTable(events) : []),
    ...(memory ? memoryTable(memory) : []),
  ];
}

function ratioBar({ ours, bare }: Reads): Bar {
  const [mine, theirs] = [median(ours.perSecond), median(bare.perSecond)];
  return {
    subject: 'reads per second, GET /v1/runtimes/{id}',
    ours: mine.toFixed(0),
    beside: theirs.toFixed(0),
    measured: mine / theirs,
    limit: 0.8,
    unit: 'x',
    atMost: false,
  };
}

function statusBars({ load, quietLoad, perSecond, stalenessMs, sql }: StatusRate): readonly Bar[] {
  const alone = { beside: '–', unit: ' ms', atMost: true } as const;
  const latency = (what: string, p99: number): Bar => ({
    ...alone,
    subject: `status at ${perSecond} a second, ${what}, p99`,
    ours: `${p99.toFixed(1)} ms`,
    measured: p99,
    limit: 20,
  });
  const staleness = summarise(stalenessMs).p99;
  const answered = (quietLoad.answered + load.answered) / (quietLoad.seconds + load.seconds);
  return [
    {
      subject: 'status answers per second',
      ours: answered.toFixed(0),
      beside: `${perSecond} asked for`,
      measured: answered / perSecond,
      limit: 0.99,
      unit: 'x',
      atMost: false,
    },
    latency('nothing changes', quietLoad.p99),
    latency('pods change', load.p99),
    { ...alone, subject: 'SQL of the API meanwhile', ours: String(sql), measured: sql, limit: 0, unit: '' },
    {
      ...alone,
      subject: 'staleness, pod changed → answered, p99',
      ours: `${staleness.toFixed(0)} ms`,
      measured: staleness,
      limit: 2000,
    },
  ];
}

function gapBar({ subscribers, complete, gaps, repeats }: Subscriptions): Bar {
  const wrong = gaps + repeats + subscribers - complete;
  return {
    subject: `${subscribers} event subscribers: gaps, repeats and incomplete ones`,
    ours: String(wrong),
    beside: '–',
    measured: wrong,
    limit: 0,
    unit: '',
    atMost: true,
  };
}

function memoryBar({ pods, peakMiB }: ObserverMemory): Bar {
  return {
    subject: `observer with ${pods} pods, most memory`,
    ours: `${peakMiB.toFixed(0)} MiB`,
    beside: '–',
    measured: peakMiB,
    limit: 512,
    unit: ' MiB',
    atMost: true,
  };
}

function ratioTable({ ours, bare, connections }: Reads): readonly string[] {
  const row = (name: string, { perSecond, serverMicros, databaseMicros }: ReadsOf) => [
    name,
    ...[perSecond, serverMicros, databaseMicros].map(each => median(each).toFixed(0)),
  ];
  return section(
    'One runtime read, beside bare Fastify',
    `Medians of ${ours.perSecond.length} rounds, ${connections} connections.`,
    table(
      ['', 'per second', 'CPU of the server, µs each', 'CPU of PostgreSQL, µs each'],
      [row('ours', ours), row('bare Fastify', bare)],
    ),
  );
}

function statusTable({ load, quietLoad, apiCpuShare, kubernetesRequests, stalenessMs }: StatusRate) {
  const row = (name: string, { answered, seconds, p50, p99, max }: typeof load) => [
    name,
    (answered / seconds).toFixed(0),
    ...[p50, p99, max].map(milliseconds => milliseconds.toFixed(1)),
  ];
  const staleness = summarise(stalenessMs);
  return section(
    'Status',
    `${quietLoad.seconds} s each. The API used ${(apiCpuShare * 100).toFixed(0)} % of one core while nothing changed; all processes ` +
      `together sent ${kubernetesRequests} requests to the Kubernetes API. ${staleness.runs} changes of pods were answered after ` +
      `${staleness.p50.toFixed(0)} ms (p50), ${staleness.max.toFixed(0)} ms at most.`,
    table(
      ['', 'per second', 'p50, ms', 'p99, ms', 'max, ms'],
      [row('nothing changes', quietLoad), row('pods change', load)],
    ),
  );
}

function eventTable(measured: Subscriptions): readonly string[] {
  const { subscribers, writers, written, reconnects, delivered, lagP50Ms, lagP99Ms, seconds } = measured;
  return section(
    'Events',
    `${writers} writers for ${seconds} s, ${subscribers} subscribers whose lines are cut and come back with Last-Event-ID.`,
    table(
      ['written', 'delivered', 'lines cut', 'gaps', 'repeats', 'p50 written → received, ms', 'p99, ms'],
      [[written, delivered, reconnects, measured.gaps, measured.repeats, lagP50Ms, lagP99Ms].map(inWords)],
    ),
  );
}

function memoryTable(measured: ObserverMemory): readonly string[] {
  const { pods, runtimes, beforeMiB, peakMiB, restMiB, bringUpSeconds } = measured;
  return section(
    'Memory of the observer',
    `${pods} pods of ${runtimes} runtimes on simulated nodes.`,
    table(
      ['before, MiB', 'most, MiB', '20 s later, MiB', 'until all were ready and seen, s'],
      [[beforeMiB, peakMiB, restMiB, bringUpSeconds].map(inWords)],
    ),
  );
}

function section(title: string, words: string, lines: readonly string[]): readonly string[] {
  return ['', `#### ${title}`, '', words, '', ...lines];
}

function inWords(amount: number): string {
  return amount.toFixed(0);
}
