import { type Bar, barsOf, isMet, type Results } from './bars.ts';
import { costTables } from './cost-tables.ts';
import type { Costs } from './costs.ts';
import type { DeployLatency } from './deploy-latency.ts';
import { table } from './markdown.ts';
import { readTables } from './read-results.ts';
import { summarise } from './statistics.ts';
import { timeline } from './timeline.ts';

/** All that one page says. */
export interface Report extends Results {
  readonly date: string;
  readonly flags: string;
  readonly machine: readonly (readonly [string, string])[];
  readonly costs?: Costs;
}

/** Writes a run down as the part of docs/performance.md that is made, in Markdown. */
export function reportOf(report: Report): string {
  const { date, flags, machine, latency, costs } = report;
  return [
    `## Result of ${date}`,
    '',
    `\`npm run bench${flags === '' ? '' : ` -- ${flags}`}\``,
    '',
    ...table(['', ''], machine),
    '',
    '### Bars',
    '',
    ...table(['subject', 'ours', 'beside', 'measured', 'bar', ''], barsOf(report).map(barRow)),
    '',
    ...measurementTable(report),
    ...(latency ? timelines(latency) : []),
    ...(costs ? ['', ...costTables(costs)] : []),
    ...reading(report),
    '',
  ].join('\n');
}

function measurementTable(report: Report): readonly string[] {
  const rows = measurements(report);
  if (rows.length === 0) return [];
  return ['### Measurements', '', ...table(['', 'runs', 'min', 'p50', 'p99', 'max'], rows)];
}

function reading(report: Report): readonly string[] {
  const tables = readTables(report);
  return tables.length === 0 ? [] : ['', '### Reading', ...tables];
}

function timelines({ install, upgrade }: DeployLatency): readonly string[] {
  return [
    '',
    '### One deploy of ours, from its workflow history (medians, ms)',
    '',
    'Install:',
    '',
    ...timeline(install.histories),
    '',
    'Upgrade:',
    '',
    ...timeline(upgrade.histories),
  ];
}

function barRow(bar: Bar): readonly string[] {
  const { subject, ours, beside, measured, limit, unit, atMost } = bar;
  const amount = (number: number) => `${number.toFixed(DIGITS[unit])}${unit}`;
  const missedBy = amount(Math.abs(measured - limit));
  return [
    subject,
    ours,
    beside,
    amount(measured),
    `${atMost ? '≤' : '≥'} ${amount(limit)}`,
    isMet(bar) ? 'met' : `**missed by ${missedBy}**`,
  ];
}

/** Digits after the point of each unit. */
const DIGITS = { x: 2, ' ms': 1, ' µs': 1, ' MiB': 0, '': 0 } as const satisfies Readonly<
  Record<Bar['unit'], number>
>;

function measurements({ latency, rate, start, policies }: Report): readonly (readonly string[])[] {
  const rows: [string, readonly number[]][] = [];
  for (const [verb, of] of Object.entries(latency ?? {})) {
    rows.push(
      [`${verb}, ours, accepted → succeeded, ms`, of.acceptedMs],
      [`${verb}, ours, sent → succeeded, ms`, of.sentMs],
      [`${verb}, Helm, ms`, of.helmMs],
    );
  }
  if (rate) {
    const what = `rounds of ${rate.perRound} installs, ${rate.atOnce} at once, per minute`;
    rows.push([`${what}, ours`, rate.ours], [`${what}, Helm`, rate.helm]);
  }
  if (start) rows.push(['operation start, ours, ms', start.ours], ['operation start, raw, ms', start.raw]);
  if (policies) rows.push([`judging by ${policies.rules} rules, µs`, policies.tookMs.map(ms => ms * 1000)]);
  return rows.map(([what, measured]) => {
    const { runs, min, p50, p99, max } = summarise(measured);
    return [what, String(runs), ...[min, p50, p99, max].map(number => number.toFixed(number < 200 ? 1 : 0))];
  });
}
