import { setTimeout as delay } from 'node:timers/promises';
import type { LabContext } from '../context.ts';

/** Does a piece of work again and again until the lab stops; what goes wrong is said once and tried again. */
export function keepDoing(
  context: LabContext,
  { name, everyMs, work }: { name: string; everyMs: number; work: () => Promise<void> },
): void {
  const ending = new AbortController();
  const running = repeat();
  context.processes.push({
    name,
    stopOrder: -1,
    pid: () => undefined,
    stop: async () => {
      ending.abort();
      await running;
    },
  });

  async function repeat(): Promise<void> {
    let said = '';
    while (!ending.signal.aborted) {
      const trouble = await troubleOf(work);
      if (trouble !== '' && trouble !== said && !ending.signal.aborted)
        context.report({ part: name, state: 'working', detail: `trying again: ${trouble}`, elapsedMs: 0 });
      said = trouble;
      await pause(everyMs, ending.signal);
    }
  }
}

async function troubleOf(work: () => Promise<void>): Promise<string> {
  try {
    await work();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => {
    // Stopped while pausing: the loop sees it.
  });
}
