import type { Costs, CostsOf } from './costs.ts';
import type { History } from './history.ts';
import { table } from './markdown.ts';
import { median } from './statistics.ts';

/** Where the time goes, in Markdown. */
export function costTables(costs: Costs): readonly string[] {
  const { deploys } = costs;
  return [
    '### Where the time goes',
    '',
    `Per deploy, means of ${deploys} deploys one after the other, until the last old pod is gone.`,
    '',
    '#### CPU milliseconds per process',
    '',
    ...table(['process', ...SIDES, 'idle, per second'], cpuRows(costs)),
    '',
    '#### Counts',
    '',
    ...table(['', ...SIDES], countRows(costs)),
    '',
    '#### Requests to the Kubernetes API',
    '',
    ...table(['request', ...SIDES], requestRows(costs)),
  ];
}

const SIDES = ['install, ours', 'install, Helm', 'upgrade, ours', 'upgrade, Helm'];

const NAMES: Readonly<Record<string, string>> = {
  'cluster: children': 'Helm, started by cluster',
  'bench: children': 'Helm, raw',
  bench: 'this benchmark',
  server: 'etcd',
};

function columns<T>({ install, upgrade }: Costs, pick: (cost: CostsOf['ours']) => T): readonly T[] {
  return [install.ours, install.helm, upgrade.ours, upgrade.helm].map(pick);
}

function cpuRows(costs: Costs): readonly (readonly string[])[] {
  const all = columns(costs, ({ cpuSeconds }) => cpuSeconds);
  const names = Object.keys(all[0] ?? {});
  const row = (name: string) => [
    NAMES[name] ?? name,
    ...all.map(cpu => inMs(cpu[name] ?? 0)),
    inMs(costs.idleCpuSeconds[name] ?? 0),
  ];
  const total = (amounts: Readonly<Record<string, number>>) =>
    Object.values(amounts).reduce((sum, each) => sum + each, 0);
  const sums = ['**all**', ...all.map(cpu => inMs(total(cpu))), inMs(total(costs.idleCpuSeconds))];
  return [...names.map(row), sums];
}

function countRows(costs: Costs): readonly (readonly string[])[] {
  const events = (histories: readonly History[]) => String(median(histories.map(each => each.events)));
  const { install, upgrade } = costs;
  const requests = columns(costs, ({ kubernetesRequests }) =>
    Object.values(kubernetesRequests).reduce((sum, each) => sum + each, 0),
  );
  return [
    ['events in the workflow history', events(install.histories), '–', events(upgrade.histories), '–'],
    ['requests to the Kubernetes API', ...requests.map(each => each.toFixed(1))],
    ['transactions in PostgreSQL', ...columns(costs, cost => cost.transactions.toFixed(1))],
  ];
}

function requestRows(costs: Costs): readonly (readonly string[])[] {
  const all = columns(costs, ({ kubernetesRequests }) => kubernetesRequests);
  const names = [...new Set(all.flatMap(Object.keys))].sort();
  return names
    .map(name => [name, ...all.map(counts => counts[name] ?? 0)] as const)
    .filter(([, ...counts]) => counts.some(count => count >= 0.1))
    .map(([name, ...counts]) => [name, ...counts.map(count => count.toFixed(1))]);
}

function inMs(seconds: number): string {
  return (seconds * 1000).toFixed(0);
}
