import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceName } from '../../lab/services.ts';
import { eventually } from './eventually.ts';
import type { System } from './system.ts';

/** RuntimeAI's own processes. */
export const PROCESSES: readonly ServiceName[] = ['control', 'cluster', 'observer', 'api'];

/** Ends a process as a power cut would; answers the pid it had. */
export function kill({ services }: Pick<System, 'services'>, name: ServiceName): number {
  const pid = services.pid(name);
  if (pid === undefined) throw new Error(`${name} does not run`);
  process.kill(pid, 'SIGKILL');
  return pid;
}

/** Waits until a process is ready for work; with a pid, until it is another process than that. */
export async function isReady(
  system: Pick<System, 'services' | 'context'>,
  name: ServiceName,
  formerPid?: number,
): Promise<void> {
  await eventually({
    what: `${name} is ready`,
    read: async () => (await fetch(`${addressOf(system, name)}/ready`)).ok && system.services.pid(name),
    until: pid => pid !== false && pid !== undefined && pid !== formerPid,
  });
}

/** Where a process serves /ready and /metrics. */
export function addressOf({ context }: Pick<System, 'context'>, name: ServiceName): string {
  return `http://127.0.0.1:${context.state.read().ports[name]}`;
}

/** Everything a process has logged so far, in all its lives. */
export function logOf({ context }: Pick<System, 'context'>, name: ServiceName): string {
  return readFileSync(join(context.dataDir, 'logs', `${name}.log`), 'utf8');
}
