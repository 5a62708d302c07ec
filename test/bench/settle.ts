import { setTimeout as delay } from 'node:timers/promises';
import type { World } from './world.ts';

const LONGEST_MS = 30_000;
/** What controllers, records and event writers still do after the last pod has gone can only be waited out. */
const REST_MS = 300;

/**
 * Waits until a rollout leaves nothing behind that would burden the next measurement: as many pods as wanted, none on
 * its way out, and a rest. Answers how often it had to look.
 */
export async function untilSettled(world: World, runtimeId: string, pods = 2): Promise<number> {
  const deadline = performance.now() + LONGEST_MS;
  for (let looks = 1; ; looks += 1) {
    const found = await world.kubernetes.list({
      apiVersion: 'v1',
      kind: 'Pod',
      labelSelector: `runtimeai.dev/runtime=${runtimeId}`,
    });
    const leaving = found.filter(({ metadata }) => metadata.deletionTimestamp !== undefined).length;
    if (found.length === pods && leaving === 0) {
      await delay(REST_MS);
      return looks;
    }
    if (performance.now() > deadline)
      throw new Error(
        `${runtimeId} has ${found.length} pods, ${leaving} of them leaving, instead of ${pods}.`,
      );
    await delay(50);
  }
}
