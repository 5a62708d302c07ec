import { inTurn } from './deploy-latency.ts';
import { startRawStart } from './raw-start/raw-start.ts';
import { untilSettled } from './settle.ts';
import type { World } from './world.ts';

/** Milliseconds from a command to its answer. */
export interface OperationStart {
  readonly ours: readonly number[];
  readonly raw: readonly number[];
}

const WARM_UPS = 3;

/** Sends commands one at a time, the two sides by turns; each deploy that was begun ends before the next measurement. */
export async function measureOperationStart(
  world: World,
  { runs, say }: { runs: number; say: (line: string) => void },
): Promise<OperationStart> {
  const raw = await startRawStart(world);
  const measured = { ours: [] as number[], raw: [] as number[] };
  try {
    for (let run = -WARM_UPS; run < runs; run += 1) {
      let rawMs = 0;
      const oursMs = await inTurn(
        run,
        () => startOurs(world, `start-${run + WARM_UPS}`),
        async () => {
          rawMs = await raw.start();
        },
      );
      if (run < 0) continue;
      measured.ours.push(oursMs);
      measured.raw.push(rawMs);
      if ((run + 1) % 10 === 0) say(`operation start ${run + 1}/${runs}`);
    }
  } finally {
    await raw.stop();
  }
  return measured;
}

/** Only the command is of interest here, so the runtime is created stopped: no pods. */
async function startOurs(world: World, name: string): Promise<number> {
  const { acceptMs, runtimeId } = await world.ours.install(name, { replicas: 0 });
  await untilSettled(world, runtimeId, 0);
  return acceptMs;
}
