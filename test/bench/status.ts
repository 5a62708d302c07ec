import { startChild } from './child.ts';
import { requestsSoFar } from './kubernetes-requests.ts';
import type { LoadResult } from './load/load.ts';
import { PodChanges } from './pod-changes.ts';
import { cpuByName } from './processes.ts';
import { apiPort, putLoad } from './reads.ts';
import { growth } from './statistics.ts';
import type { World } from './world.ts';

/** Statuses asked for at a fixed rate while pods change. */
export interface StatusRate {
  readonly perSecond: number;
  readonly load: LoadResult;
  /** How often the API took a connection to PostgreSQL meanwhile, but for the changes of pods and its own figures. */
  readonly sql: number;
  readonly quietLoad: LoadResult;
  readonly apiCpuShare: number;
  /** Requests to the Kubernetes API meanwhile, of all processes, beyond those of an idle system. */
  readonly kubernetesRequests: number;
  /** Milliseconds from a pod's change to the first answer that says so. */
  readonly stalenessMs: readonly number[];
}

const PER_SECOND = 10_000;
const CONNECTIONS = 32;

/** Asks 10,000 times a second: once while nothing changes, and once while pods become unready and ready again. */
export async function measureStatus(
  world: World,
  {
    runtimeIds,
    seconds,
    say,
  }: { runtimeIds: readonly string[]; seconds: number; say: (line: string) => void },
): Promise<StatusRate> {
  const load = startChild('./load/process.js');
  const order = {
    port: apiPort(world),
    paths: runtimeIds.map(id => `/v1/runtimes/${id}/status`),
    headers: { authorization: `Bearer ${world.key}` },
    connections: CONNECTIONS,
    perSecond: PER_SECOND,
  };
  try {
    await putLoad(load, { ...order, seconds: 5 });
    const quiet = await counted(world, () => putLoad(load, { ...order, seconds }));
    say(`status, nothing changes: ${wordsOf(quiet.answer)}, SQL ${quiet.sql}`);
    const changes = await PodChanges.of(world, runtimeIds);
    const [busy, stalenessMs] = await Promise.all([
      putLoad(load, { ...order, seconds }),
      changes.during(seconds),
    ]);
    say(`status, pods change: ${wordsOf(busy)}, ${stalenessMs.length} changes`);
    const { sql, apiCpuShare, kubernetesRequests } = quiet;
    return {
      perSecond: PER_SECOND,
      load: busy,
      quietLoad: quiet.answer,
      sql,
      apiCpuShare,
      kubernetesRequests,
      stalenessMs,
    };
  } finally {
    await load.stop();
  }
}

async function counted(world: World, work: () => Promise<LoadResult>) {
  const before = await readCounts(world);
  const answer = await work();
  const after = await readCounts(world);
  const cpu = growth(before.cpu, after.cpu);
  return {
    answer,
    // Reading the API's figures asks the database itself.
    sql: after.taken - before.taken - SQL_PER_READING,
    apiCpuShare: (cpu['api'] ?? 0) / answer.seconds,
    kubernetesRequests: total(growth(before.requests, after.requests)),
  };
}

const SQL_PER_READING = 1;

async function readCounts(world: World) {
  const response = await fetch(`${world.apiUrl}/metrics`);
  const taken = /^runtimeai_database_connections_taken_total(?:\{.*\})? (\d+)$/m.exec(await response.text());
  if (!taken) throw new Error('The API does not say how often it took a connection to PostgreSQL.');
  return {
    taken: Number(taken[1]),
    requests: await requestsSoFar(world),
    cpu: cpuByName({ api: world.pids()['api'] ?? 0 }, new Set()),
  };
}

function total(amounts: Readonly<Record<string, number>>): number {
  return Object.values(amounts).reduce((sum, each) => sum + each, 0);
}

function wordsOf({ answered, seconds, p50, p99 }: LoadResult): string {
  return `${(answered / seconds).toFixed(0)} a second, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
}
