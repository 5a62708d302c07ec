import { type History, historiesOf } from './history.ts';
import type { OurDeploy } from './our-side.ts';
import { settledHelm, settledOurs } from './sides.ts';
import type { World } from './world.ts';

/** Milliseconds of each measured deploy. `sentMs` is what passed from the request to hearing of success. */
export interface LatencyOf {
  readonly acceptedMs: readonly number[];
  readonly sentMs: readonly number[];
  readonly helmMs: readonly number[];
  /** Histories of our deploys. */
  readonly histories: readonly History[];
}

export interface DeployLatency {
  readonly install: LatencyOf;
  readonly upgrade: LatencyOf;
}

/** Installs, then upgrades, one at a time, the two sides by turns and each first every other time. */
export async function measureDeployLatency(
  world: World,
  { runs, say }: { runs: number; say: (line: string) => void },
): Promise<DeployLatency> {
  const install = collecting();
  const upgrade = collecting();
  for (let run = 0; run < runs; run += 1) {
    const name = `latency-${run}`;
    const ourInstall = async () => {
      const deploy = await settledOurs(world, () => world.ours.install(name));
      install.ours(deploy);
      return deploy.runtimeId;
    };
    const helmInstall = async () => install.helm(await settledHelm(world, name, '1.0.0'));
    const runtimeId = await inTurn(run, ourInstall, helmInstall);
    const ourUpgrade = async () =>
      upgrade.ours(await settledOurs(world, () => world.ours.upgrade(runtimeId, '1.1.0')));
    const helmUpgrade = async () => upgrade.helm(await settledHelm(world, name, '1.1.0'));
    await inTurn(run, ourUpgrade, helmUpgrade);
    say(`deploy latency ${run + 1}/${runs}: install ${install.last()}, upgrade ${upgrade.last()}`);
  }
  return { install: await install.measured(world), upgrade: await upgrade.measured(world) };
}

/** Does both, the first one first in even runs and second in odd ones; answers what the first one answered. */
export async function inTurn<T>(
  run: number,
  first: () => Promise<T>,
  second: () => Promise<unknown>,
): Promise<T> {
  if (run % 2 === 1) await second();
  const answer = await first();
  if (run % 2 === 0) await second();
  return answer;
}

function collecting() {
  const deploys: OurDeploy[] = [];
  const helmMs: number[] = [];
  const sent = ({ acceptMs, succeedMs }: OurDeploy) => acceptMs + succeedMs;
  return {
    ours: (deploy: OurDeploy) => void deploys.push(deploy),
    helm: (milliseconds: number) => void helmMs.push(milliseconds),
    last: () => `${Math.round(deploys.map(sent).at(-1) ?? 0)} ms beside ${Math.round(helmMs.at(-1) ?? 0)} ms`,
    measured: async (world: World): Promise<LatencyOf> => ({
      acceptedMs: deploys.map(({ succeedMs }) => succeedMs),
      sentMs: deploys.map(sent),
      helmMs,
      histories: await historiesOf(world, deploys),
    }),
  };
}
