/** A request to stop, as a promise and as an abort signal. */
export interface Stopping {
  readonly signal: AbortSignal;
  readonly requested: Promise<void>;
}

/** One Ctrl-C arrives more than once: from the terminal, and passed on by npm and by the bootstrap. */
const SAME_PRESS_MS = 250;

/** Turns SIGINT, SIGTERM and SIGHUP into one request to stop; the third gives up waiting, after `giveUp` has ended what runs. */
export function stopOnSignals(giveUp: () => void = () => undefined): Stopping {
  const controller = new AbortController();
  let times = 0;
  let last = Number.NEGATIVE_INFINITY;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      const now = performance.now();
      if (now - last > SAME_PRESS_MS) times += 1;
      last = now;
      if (times > 2) {
        giveUp();
        process.exit(130);
      }
      controller.abort(new Error(`stopped by ${name}`));
    });
  }
  const requested = new Promise<void>(resolve =>
    controller.signal.addEventListener('abort', () => resolve()),
  );
  return { signal: controller.signal, requested };
}
