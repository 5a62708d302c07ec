import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { extname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { NodeChoice } from './cluster.ts';
import { cleanUp } from './lab.ts';
import { otherSupervisor } from './leftovers.ts';
import { lastLines } from './process.ts';
import { isRunning, signalIfThere } from './process-identity.ts';
import type { Progress, Report } from './progress.ts';
import { openState } from './state.ts';

/** Starts a lab that outlives this process; returns when it is up, or throws with what it said. */
export async function bringUp(options: {
  dataDir: string;
  nodes: NodeChoice;
  fresh: boolean;
  report: Report;
}): Promise<void> {
  const { dataDir, nodes, fresh, report } = options;
  const busy = otherSupervisor(openState(dataDir));
  if (busy) throw new Error(`The lab in ${dataDir} is in use: ${busy}.`);
  const log = `${dataDir}.log`;
  mkdirSync(join(dataDir, '..'), { recursive: true });
  const output = openSync(log, 'w');
  const main = join(import.meta.dirname, `main${extname(import.meta.filename)}`);
  const child = spawn(
    process.execPath,
    [main, 'run', '--data', dataDir, '--nodes', nodes, ...(fresh ? ['--fresh'] : [])],
    { detached: true, stdio: ['ignore', output, output, 'ipc'] },
  );
  closeSync(output);
  const callOff = () => signalIfThere(child.pid ?? 0, 'SIGTERM');
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, callOff);
  await new Promise<void>((resolve, reject) => {
    child.on('message', message => (message === 'up' ? resolve() : report(message as Progress)));
    child.once('exit', () => reject(new Error(`The lab did not come up:\n${lastLines(log, { count: 20 })}`)));
  });
  if (child.connected) child.disconnect();
  child.unref();
}

/** Stops the lab on these data, whoever started it, and ends what a killed one left; says what was done. */
export async function bringDown(dataDir: string): Promise<string> {
  if (!existsSync(join(dataDir, 'lab-state.json'))) return `There is no lab in ${dataDir}; nothing to stop.`;
  const { supervisor } = openState(dataDir).read();
  if (supervisor && isRunning(supervisor)) {
    signalIfThere(supervisor.pid, 'SIGTERM');
    const deadline = Date.now() + 60_000;
    while (isRunning(supervisor) && Date.now() < deadline) await delay(50);
    if (isRunning(supervisor)) signalIfThere(supervisor.pid, 'SIGKILL');
  }
  const ended = await cleanUp(dataDir);
  return ended.length > 0 ? `Stopped; ended ${ended.join(', ')} that were left over.` : 'Stopped.';
}
