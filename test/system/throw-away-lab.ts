import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDirectory } from '../../lab/cache.ts';
import { type LabContext, openContext, stopProcesses } from '../../lab/context.ts';
import { killAll } from '../../lab/leftovers.ts';
import { isFree } from '../../lab/ports.ts';

const PARTS = ['api', 'control', 'cluster', 'observer', 'temporal', 'temporal-ui', 'postgres'];

/**
 * A lab that is nobody else's. It gets ports of its own from the beginning: two test files that begin in the same moment
 * would both find the usual ones free.
 */
export async function throwAwayLab(): Promise<LabContext> {
  const dataDir = mkdtempSync(join(tmpdir(), 'runtimeai-system-'));
  const signal = new AbortController().signal;
  const context = openContext({ dataDir, cacheDir: cacheDirectory(), report: () => undefined, signal });
  const ports: Record<string, number> = {};
  for (const part of PARTS) ports[part] = await somePort(Object.values(ports));
  context.state.update(state => {
    state.ports = ports;
  });
  // Whoever runs the tests may leave without waiting for their ends.
  process.once('exit', () => killAll(dataDir));
  return context;
}

/** Stops everything in the lab and leaves nothing of it. */
export async function throwAway(context: LabContext): Promise<void> {
  await stopProcesses(context);
  rmSync(context.dataDir, { recursive: true, force: true });
}

/** Below the ports that outgoing connections are given. */
async function somePort(except: readonly number[]): Promise<number> {
  const port = randomInt(20_000, 32_000);
  return !except.includes(port) && (await isFree(port)) ? port : somePort(except);
}
