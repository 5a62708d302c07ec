/** A request to stop, as a promise and as an abort signal. */
export interface Stopping {
  readonly signal: AbortSignal;
  readonly requested: Promise<void>;
}

/** Turns SIGINT, SIGTERM and SIGHUP into one request to stop; a third one gives up waiting. */
export function stopOnSignals(): Stopping {
  const controller = new AbortController();
  let times = 0;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      times += 1;
      if (times > 2) process.exit(130);
      controller.abort(new Error(`stopped by ${name}`));
    });
  }
  const requested = new Promise<void>(resolve =>
    controller.signal.addEventListener('abort', () => resolve()),
  );
  return { signal: controller.signal, requested };
}
