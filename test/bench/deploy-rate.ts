import { inTurn } from './deploy-latency.ts';
import type { World } from './world.ts';

export interface DeployRate {
  /** Deploys per minute of each round. */
  readonly ours: readonly number[];
  readonly helm: readonly number[];
  readonly perRound: number;
  readonly atOnce: number;
}

/** Installs many runtimes, ten at once, in rounds that the two sides take by turns. */
export async function measureDeployRate(
  world: World,
  how: { rounds: number; perRound: number; atOnce: number; say: (line: string) => void },
): Promise<DeployRate> {
  const { rounds, perRound, atOnce, say } = how;
  const [ours, helm]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    const names = Array.from({ length: perRound }, (_, index) => `rate-${round}-${index}`);
    await inTurn(
      round,
      async () => ours.push(await perMinute(names, atOnce, name => world.ours.install(name))),
      async () => helm.push(await perMinute(names, atOnce, name => world.helm.upgradeInstall(name, '1.0.0'))),
    );
    say(
      `deploys per minute ${round + 1}/${rounds}: ${ours.at(-1)?.toFixed(0)} beside ${helm.at(-1)?.toFixed(0)}`,
    );
  }
  return { ours, helm, perRound, atOnce };
}

async function perMinute(
  names: readonly string[],
  atOnce: number,
  deploy: (name: string) => Promise<unknown>,
): Promise<number> {
  const left = names.values();
  const lane = async () => {
    for (const name of left) await deploy(name);
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: atOnce }, lane));
  return (names.length * 60_000) / (performance.now() - startedAt);
}
