import { type Child, startChild } from './child.ts';
import { inTurn } from './deploy-latency.ts';
import type { LoadOrder, LoadResult } from './load/load.ts';
import { cpuByName } from './processes.ts';
import { growth } from './statistics.ts';
import type { World } from './world.ts';

/** Answers per second of each round, and the CPU one answer took in the server and in PostgreSQL, in microseconds. */
export interface ReadsOf {
  readonly perSecond: readonly number[];
  readonly serverMicros: readonly number[];
  readonly databaseMicros: readonly number[];
}

export interface Reads {
  readonly ours: ReadsOf;
  readonly bare: ReadsOf;
  readonly connections: number;
}

const CONNECTIONS = 16;
const SECONDS = 4;
/** The same as the system's own processes get. */
const NODE_FLAGS = ['--min-semi-space-size=16', '--max-semi-space-size=32'];

/** Reads runtimes as fast as each side answers, in rounds that the two sides take by turns. */
export async function measureReads(
  world: World,
  { runtimeIds, rounds, say }: { runtimeIds: readonly string[]; rounds: number; say: (line: string) => void },
): Promise<Reads> {
  const load = startChild('./load/process.js');
  const bare = startChild('./bare-reads/server.js', {
    nodeFlags: NODE_FLAGS,
    env: { BENCH_DATABASE_URL: world.appUrl, BENCH_KEY: world.key },
  });
  try {
    const barePort = await bare.ask<number>();
    const paths = runtimeIds.map(id => `/v1/runtimes/${id}`);
    const ours = new Side(world, { load, paths, port: apiPort(world), pid: world.pids()['api'] ?? 0 });
    const bareSide = new Side(world, { load, paths, port: barePort, pid: bare.pid });
    for (const side of [ours, bareSide]) await side.warmUp();
    for (let round = 0; round < rounds; round += 1) {
      await inTurn(
        round,
        () => ours.round(),
        () => bareSide.round(),
      );
      say(`reads ${round + 1}/${rounds}: ${ours.last()} a second beside ${bareSide.last()}`);
    }
    return { ours: ours.measured, bare: bareSide.measured, connections: CONNECTIONS };
  } finally {
    await Promise.all([load.stop(), bare.stop()]);
  }
}

/** The port of the API. */
export function apiPort({ apiUrl }: World): number {
  return Number(new URL(apiUrl).port);
}

interface SideOptions {
  readonly load: Child;
  readonly paths: readonly string[];
  readonly port: number;
  readonly pid: number;
}

class Side {
  readonly measured = {
    perSecond: [] as number[],
    serverMicros: [] as number[],
    databaseMicros: [] as number[],
  };
  readonly #world: World;
  readonly #options: SideOptions;

  constructor(world: World, options: SideOptions) {
    this.#world = world;
    this.#options = options;
  }

  last(): string {
    return (this.measured.perSecond.at(-1) ?? 0).toFixed(0);
  }

  warmUp(): Promise<LoadResult> {
    return this.#put(2);
  }

  async round(): Promise<void> {
    const before = this.#cpu();
    const { answered, seconds } = await this.#put(SECONDS);
    const cpu = growth(before, this.#cpu());
    this.measured.perSecond.push(answered / seconds);
    this.measured.serverMicros.push(((cpu['server'] ?? 0) * 1e6) / answered);
    this.measured.databaseMicros.push(((cpu['postgres'] ?? 0) * 1e6) / answered);
  }

  #cpu() {
    const { pid } = this.#options;
    return cpuByName({ server: pid, postgres: this.#world.pids()['postgres'] ?? 0 }, new Set());
  }

  #put(seconds: number): Promise<LoadResult> {
    const { load, paths, port } = this.#options;
    const headers = { authorization: `Bearer ${this.#world.key}` };
    return putLoad(load, { port, paths, headers, connections: CONNECTIONS, seconds });
  }
}

/** Puts the load on a server and refuses a result with anything but good answers. */
export async function putLoad(load: Child, order: LoadOrder): Promise<LoadResult> {
  const result = await load.ask<LoadResult>(order);
  if (result.refused > 0)
    throw new Error(
      `${result.refused} of ${result.answered} were refused; the first: ${result.firstRefusal}`,
    );
  return result;
}
