import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheDirectory } from './cache.ts';
import { type Cluster, type NodeChoice, startCluster } from './cluster.ts';
import { type LabContext, openContext, stopProcesses, together } from './context.ts';
import { endLeftovers, otherSupervisor } from './leftovers.ts';
import { withLock } from './lock.ts';
import { removeRealNodeTraces } from './node.ts';
import { releasePorts } from './ports.ts';
import { type DatabaseUrls, startPostgres } from './postgres.ts';
import { identify } from './process-identity.ts';
import { partReport, type Report } from './progress.ts';
import { DamagedState, openState } from './state.ts';
import { startTemporal, type TemporalServer } from './temporal.ts';

/** What each part gives to those who use it. */
export interface Parts {
  postgres: DatabaseUrls;
  temporal: TemporalServer;
  cluster: Cluster;
}

export type Part = keyof Parts;

/** A running lab with the parts that were asked for. */
export type Lab<P extends Part = Part> = Pick<Parts, P> & {
  /** What a further process of the lab is started with. */
  context: LabContext;
  /** Stops everything; nothing is left but the data. */
  stop(): Promise<void>;
};

/** Which lab to start, and where its data are kept. */
export interface LabOptions<P extends Part = Part> {
  dataDir: string;
  /** All of them unless said otherwise. */
  parts?: readonly P[];
  nodes?: NodeChoice;
  /** Throws the kept data away first. */
  fresh?: boolean;
  cacheDir?: string;
  report?: Report;
  /** Calls the start off; what has started by then is stopped. */
  signal?: AbortSignal;
}

/** Brings up the parts at once, on kept data where there are some, and ends what an earlier lab left running. */
export async function startLab<P extends Part = Part>(options: LabOptions<P>): Promise<Lab<P>> {
  const {
    cacheDir = cacheDirectory(),
    report = () => undefined,
    signal = new AbortController().signal,
  } = options;
  const dataDir = resolve(options.dataDir);
  const context = await withLock({ path: lockOf(dataDir, cacheDir), signal }, async () => {
    await takeOver(dataDir, { fresh: options.fresh ?? false, report });
    const opened = openContext({ dataDir, cacheDir, report, signal });
    opened.state.update(state => {
      state.phase = 'starting';
      const supervisor = identify(process.pid);
      if (supervisor) state.supervisor = supervisor;
    });
    return opened;
  });
  const parts = options.parts ?? (['postgres', 'temporal', 'cluster'] as P[]);
  try {
    const started = await together(context, context =>
      parts.map(
        async (part): Promise<[P, unknown]> => [
          part,
          await start(context, { part, nodes: options.nodes ?? 'auto' }),
        ],
      ),
    );
    context.state.update(state => {
      state.phase = 'up';
    });
    return { ...(Object.fromEntries(started) as Pick<Parts, P>), context, stop: () => stop(context) };
  } catch (error) {
    await stop(context);
    throw error;
  }
}

/** Ends what a lab left running on these data, also when its supervisor was killed; answers what it ended. */
export async function cleanUp(dataDir: string): Promise<string[]> {
  const state = openState(dataDir);
  const ended = await endLeftovers({ dataDir, state });
  await removeRealNodeTraces({ dataDir, state });
  state.update(kept => {
    kept.phase = 'down';
    delete kept.supervisor;
  });
  return ended;
}

function start(
  context: LabContext,
  { part, nodes }: { part: Part; nodes: NodeChoice },
): Promise<Parts[Part]> {
  switch (part) {
    case 'postgres':
      return startPostgres(context);
    case 'temporal':
      return startTemporal(context);
    case 'cluster':
      return startCluster(context, nodes);
  }
}

/** Of two starts at once on the same data one must see the other; the lock lies outside, as --fresh removes the data. */
function lockOf(dataDir: string, cacheDir: string): string {
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  return join(cacheDir, 'locks', `take-over-${name}`);
}

async function takeOver(
  dataDir: string,
  { fresh, report }: { fresh: boolean; report: Report },
): Promise<void> {
  if (!existsSync(dataDir)) return;
  const isLab = existsSync(join(dataDir, 'lab-state.json'));
  if (!isLab && readdirSync(dataDir).length > 0) {
    throw new Error(`${dataDir} is not empty and holds no lab; name another data directory or empty it.`);
  }
  if (!isLab) return;
  if (fresh) forgetDamagedState(dataDir);
  const busy = otherSupervisor(openState(dataDir));
  if (busy) throw new Error(`The lab in ${dataDir} is in use: ${busy}.`);
  const say = partReport('leftovers', report);
  const ended = await cleanUp(dataDir);
  if (ended.length > 0) say('ready', `ended what an earlier start left running: ${ended.join(', ')}`);
  if (fresh) rmSync(dataDir, { recursive: true, force: true });
}

/** Without it the processes are still found by their mark. */
function forgetDamagedState(dataDir: string): void {
  try {
    openState(dataDir);
  } catch (error) {
    if (!(error instanceof DamagedState)) throw error;
    rmSync(error.path);
  }
}

async function stop(context: LabContext): Promise<void> {
  const { state } = context;
  state.update(kept => {
    kept.phase = 'stopping';
  });
  await stopProcesses(context);
  await removeRealNodeTraces(context);
  releasePorts(state);
  state.update(kept => {
    kept.phase = 'down';
    delete kept.supervisor;
  });
}
