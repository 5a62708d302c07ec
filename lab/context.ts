import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { labMark } from './leftovers.ts';
import { type ProcessOptions, type RunningProcess, startProcess } from './process.ts';
import type { Report } from './progress.ts';
import { openSecrets, type Secrets } from './secrets.ts';
import { openState, type StateFile } from './state.ts';

/** What every part of one lab shares. */
export interface LabContext {
  dataDir: string;
  cacheDir: string;
  state: StateFile;
  secrets: Secrets;
  report: Report;
  /** Aborted when the lab is to stop or a part it needs has failed. */
  signal: AbortSignal;
  /** Everything that was started, to be stopped in the order of `stopOrder`. */
  processes: RunningProcess[];
}

/** Opens a data directory for a lab; makes it when it is not there. */
export function openContext(
  options: Pick<LabContext, 'dataDir' | 'cacheDir' | 'report' | 'signal'>,
): LabContext {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  return { ...options, dataDir, state: openState(dataDir), secrets: openSecrets(dataDir), processes: [] };
}

/** The log file of one part. */
export function logFile({ dataDir }: Pick<LabContext, 'dataDir'>, name: string): string {
  return join(dataDir, 'logs', `${name}.log`);
}

/** The environment a part gets: what programs need to run, and the mark by which the lab finds it again. */
export function partEnvironment(
  { dataDir }: Pick<LabContext, 'dataDir'>,
  more: NodeJS.ProcessEnv = {},
): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, TZ } = process.env;
  return {
    PATH,
    ...(HOME ? { HOME } : {}),
    ...(TMPDIR ? { TMPDIR } : {}),
    ...(TZ ? { TZ } : {}),
    [labMark]: dataDir,
    ...more,
  };
}

/** Starts one program of the lab: logged, on record, and started again when it dies. */
export async function startPart(
  context: LabContext,
  options: Omit<ProcessOptions, 'logFile' | 'state' | 'restart' | 'signal'>,
): Promise<RunningProcess> {
  const { name } = options;
  const started = await startProcess({
    env: partEnvironment(context),
    ...options,
    logFile: logFile(context, name),
    state: context.state,
    restart: true,
    onExit: detail => {
      context.report({ part: name, state: 'failed', detail, elapsedMs: 0 });
      options.onExit?.(detail);
    },
    signal: context.signal,
  });
  context.processes.push(started);
  return started;
}

/** Starts several things at once; when one fails the others are called off, and its error is the one thrown. */
export async function together<T extends readonly unknown[] | []>(
  context: LabContext,
  starting: (context: LabContext) => T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const calledOff = new AbortController();
  const signal = AbortSignal.any([context.signal, calledOff.signal]);
  const promises = starting({ ...context, signal });
  try {
    return await Promise.all(promises);
  } catch (error) {
    calledOff.abort(new Error('called off because another part failed'));
    await Promise.allSettled(promises);
    throw error;
  }
}

/** Stops what was started: what depends on others first, and all of the same order at once. */
export async function stopProcesses({ processes }: Pick<LabContext, 'processes'>): Promise<void> {
  const orders = [...new Set(processes.map(({ stopOrder }) => stopOrder))].sort((a, b) => a - b);
  for (const order of orders) {
    await Promise.all(
      processes.filter(({ stopOrder }) => stopOrder === order).map(process => process.stop()),
    );
  }
  processes.length = 0;
}
