import { type History, historiesOf } from './history.ts';
import { requestsSoFar } from './kubernetes-requests.ts';
import type { OurDeploy } from './our-side.ts';
import { cpuByName } from './processes.ts';
import { untilSettled } from './settle.ts';
import { growth } from './statistics.ts';
import { beyondIdle, readTransactions } from './transactions.ts';
import type { World } from './world.ts';

/** What a number of deploys of one side cost, per deploy. */
export interface Cost {
  readonly cpuSeconds: Readonly<Record<string, number>>;
  readonly kubernetesRequests: Readonly<Record<string, number>>;
  readonly transactions: number;
}

export interface CostsOf {
  readonly ours: Cost;
  readonly helm: Cost;
  /** Histories of our deploys. */
  readonly histories: readonly History[];
}

export interface Costs {
  readonly deploys: number;
  /** What the system uses while nothing is deployed, per second. */
  readonly idleCpuSeconds: Readonly<Record<string, number>>;
  readonly install: CostsOf;
  readonly upgrade: CostsOf;
}

/** Counts, in deploys that are not timed, where the time of either side goes. */
export async function measureCosts(
  world: World,
  { deploys, say }: { deploys: number; say: (line: string) => void },
): Promise<Costs> {
  const names = Array.from({ length: deploys }, (_, index) => `cost-${index}`);
  const idle = await measureIdle(world);
  const [installs, upgrades]: [OurDeploy[], OurDeploy[]] = [[], []];
  const kept = (deploys: OurDeploy[], deploy: OurDeploy) => {
    deploys.push(deploy);
    return deploy.runtimeId;
  };
  const withHelm = async (name: string, version: '1.0.0' | '1.1.0') => {
    await world.helm.upgradeInstall(name, version);
    return world.helm.runtimeIdOf(name);
  };
  const count = async <T>(what: string, subjects: readonly T[], deploy: (subject: T) => Promise<string>) => {
    const cost = await costOf(world, { subjects, deploy, idle });
    say(`costs of ${what} counted`);
    return cost;
  };
  const install = {
    ours: await count('our installs', names, async name => kept(installs, await world.ours.install(name))),
    helm: await count('Helm’s installs', names, name => withHelm(name, '1.0.0')),
  };
  const ids = installs.map(({ runtimeId }) => runtimeId);
  const upgrade = {
    ours: await count('our upgrades', ids, async id => kept(upgrades, await world.ours.upgrade(id, '1.1.0'))),
    helm: await count('Helm’s upgrades', names, name => withHelm(name, '1.1.0')),
  };
  return {
    deploys,
    idleCpuSeconds: idle.cpuSeconds,
    install: { ...install, histories: await historiesOf(world, installs) },
    upgrade: { ...upgrade, histories: await historiesOf(world, upgrades) },
  };
}

/** Processes that start others, whose use is told apart. */
const STARTERS: ReadonlySet<string> = new Set(['cluster', 'bench']);

function cpu(world: World): Readonly<Record<string, number>> {
  return cpuByName({ ...world.pids(), bench: process.pid }, STARTERS);
}

interface Idle {
  readonly cpuSeconds: Readonly<Record<string, number>>;
  readonly transactionsPerMs: number;
}

async function measureIdle(world: World): Promise<Idle> {
  const before = await readTransactions(world);
  const cpuBefore = cpu(world);
  const after = await readTransactions(world);
  const milliseconds = after.atMs - before.atMs;
  return {
    cpuSeconds: perUnit(growth(cpuBefore, cpu(world)), milliseconds / 1000),
    transactionsPerMs: (after.commits - before.commits) / milliseconds,
  };
}

async function costOf<T>(
  world: World,
  how: { subjects: readonly T[]; deploy: (subject: T) => Promise<string>; idle: Idle },
): Promise<Cost> {
  const { subjects, deploy, idle } = how;
  const transactions = await readTransactions(world);
  const requests = await requestsSoFar(world);
  const cpuBefore = cpu(world);
  let looks = 0;
  for (const subject of subjects) looks += await untilSettled(world, await deploy(subject));
  const cpuSeconds = growth(cpuBefore, cpu(world));
  const grown = growth(requests, await requestsSoFar(world));
  const kubernetesRequests = { ...grown, [LOOK]: (grown[LOOK] ?? 0) - looks };
  const committed = beyondIdle(transactions, await readTransactions(world), idle.transactionsPerMs);
  return {
    cpuSeconds: perUnit(cpuSeconds, subjects.length),
    kubernetesRequests: perUnit(kubernetesRequests, subjects.length),
    transactions: committed / subjects.length,
  };
}

/** The request that waiting for quiet consists of. */
const LOOK = 'LIST pods';

function perUnit(amounts: Readonly<Record<string, number>>, units: number): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, amount / units]));
}
