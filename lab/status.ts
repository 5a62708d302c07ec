import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning } from './process-identity.ts';
import { openState, type ProcessRecord } from './state.ts';

/** Each part of a lab with its address, process and uptime, as text. */
export function describeLab(dataDir: string): string {
  if (!existsSync(join(dataDir, 'lab-state.json')))
    return `There is no lab in ${dataDir}. npm run lab -- up starts one; --data DIR looks elsewhere.`;
  const { phase, supervisor, processes, ports } = openState(dataDir).read();
  const alive = supervisor !== undefined && isRunning(supervisor);
  const headline = alive ? `${phase}, run by process ${supervisor.pid}` : 'down';
  const lines = processes.map(record => line(record, ports));
  const kubeconfig = join(dataDir, 'kubeconfig');
  const use = alive && existsSync(kubeconfig) ? [`kubeconfig: ${kubeconfig} (context runtimeai-lab)`] : [];
  return [`The lab in ${dataDir}: ${headline}`, ...lines, ...use].join('\n');
}

function line(record: ProcessRecord, ports: Record<string, number>): string {
  const { name, pid, startedAt } = record;
  const port = ports[name];
  const address = port === undefined ? '' : `127.0.0.1:${port}`;
  const state = isRunning(record) ? `pid ${pid}, up ${uptime(startedAt)}` : 'not running';
  return `  ${name.padEnd(24)} ${address.padEnd(16)} ${state}`;
}

function uptime(since: string): string {
  const seconds = Math.floor((Date.now() - Date.parse(since)) / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}
