import type { Version } from './agent.ts';
import type { OurDeploy } from './our-side.ts';
import { untilSettled } from './settle.ts';
import type { World } from './world.ts';

/** Deploys through the API, then waits for quiet; the waiting is not part of what was measured. */
export async function settledOurs(world: World, deploying: () => Promise<OurDeploy>): Promise<OurDeploy> {
  const deploy = await deploying();
  await untilSettled(world, deploy.runtimeId);
  return deploy;
}

/** Deploys with Helm alone, then waits for quiet. */
export async function settledHelm(world: World, release: string, version: Version): Promise<number> {
  const milliseconds = await world.helm.upgradeInstall(release, version);
  await untilSettled(world, world.helm.runtimeIdOf(release));
  return milliseconds;
}
