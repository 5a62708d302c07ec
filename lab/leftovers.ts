import { setTimeout as delay } from 'node:timers/promises';
import { identify, isRunning, killGroup, processesMarked, signalIfThere } from './process-identity.ts';
import { openState, type StateFile } from './state.ts';

/** Every process of a lab carries this variable with its data directory. */
export const labMark = 'RUNTIMEAI_LAB_DATA';

/** Ends what a killed supervisor left behind, and says what it ended. */
export async function endLeftovers({
  dataDir,
  state,
}: {
  dataDir: string;
  state: StateFile;
}): Promise<string[]> {
  const recorded = state.read().processes.filter(isRunning);
  for (const { name, pid } of recorded) endOne(name, pid);
  await gone(recorded.map(record => record.pid));
  // A process started in the instant before its supervisor died is on no list, but carries the mark.
  const unrecorded = processesMarked(labMark, dataDir);
  for (const pid of unrecorded) signalIfThere(pid, 'SIGKILL');
  await gone(unrecorded);
  state.update(kept => {
    kept.processes = [];
  });
  return [...recorded.map(({ name, pid }) => `${name} (${pid})`), ...unrecorded.map(pid => `process ${pid}`)];
}

/** Kills at once whatever runs on these data, for whoever cannot wait until it has stopped in order. */
export function killAll(dataDir: string): void {
  const recorded = openState(dataDir).read().processes.filter(isRunning);
  for (const { pid } of recorded) killGroup(pid, 'SIGKILL');
  for (const pid of processesMarked(labMark, dataDir)) signalIfThere(pid, 'SIGKILL');
}

/** Why another lab may not start on these data, or undefined when it may. */
export function otherSupervisor(state: StateFile): string | undefined {
  const { supervisor } = state.read();
  if (!supervisor || !isRunning(supervisor)) return undefined;
  return `process ${supervisor.pid} already runs the lab on these data; use it, stop it, or name another data directory`;
}

function endOne(name: string, pid: number): void {
  // PostgreSQL shuts down cleanly on INT; the others lose nothing when killed.
  if (name === 'postgres') signalIfThere(pid, 'SIGINT');
  else killGroup(pid, 'SIGKILL');
}

async function gone(pids: number[]): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (pids.some(pid => identify(pid)) && Date.now() < deadline) await delay(20);
  for (const pid of pids) if (identify(pid)) killGroup(pid, 'SIGKILL');
}
