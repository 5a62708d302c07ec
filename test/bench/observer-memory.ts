import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { bringUpWorkloads } from './workloads.ts';
import type { World } from './world.ts';

/** Memory of the observer, in MiB, and how long the pods took to come up and be seen. */
export interface ObserverMemory {
  readonly pods: number;
  readonly runtimes: number;
  readonly beforeMiB: number;
  readonly peakMiB: number;
  readonly restMiB: number;
  readonly bringUpSeconds: number;
}

const RUNTIMES = 100;
const REST_MS = 20_000;

/** Brings pods up on the simulated nodes, 100 runtimes in all, until the API knows every one of them. */
export async function measureObserverMemory(
  world: World,
  { pods, say }: { pods: number; say: (line: string) => void },
): Promise<ObserverMemory> {
  const pid = world.pids()['observer'] ?? 0;
  const beforeMiB = memoryOf(pid, 'VmRSS');
  const startedAt = performance.now();
  const podsEach = Math.ceil(pods / RUNTIMES);
  let next = 0;
  await bringUpWorkloads(world, {
    namespace: 'many-pods',
    runtimes: RUNTIMES,
    podsEach,
    say: ready => {
      if (ready < next) return;
      next = ready + 1000;
      say(`${ready} pods are ready and seen; the observer has ${memoryOf(pid, 'VmRSS').toFixed(0)} MiB`);
    },
  });
  const bringUpSeconds = (performance.now() - startedAt) / 1000;
  await delay(REST_MS);
  return {
    pods: RUNTIMES * podsEach,
    runtimes: RUNTIMES,
    beforeMiB,
    peakMiB: memoryOf(pid, 'VmHWM'),
    restMiB: memoryOf(pid, 'VmRSS'),
    bringUpSeconds,
  };
}

/** From proc_pid_status(5), which counts in KiB. */
function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
}
