import type { Log } from './log.ts';

export interface ShutdownStep {
  readonly name: string;
  readonly run: () => Promise<unknown>;
}

export interface ShutdownOptions {
  readonly log: Log;
  /** How long all steps together may take before the process exits regardless. */
  readonly graceSeconds: number;
  /** Run in this order, once: first stop taking work, then end what runs, then close connections. */
  readonly steps: readonly ShutdownStep[];
}

/**
 * Makes SIGTERM and SIGINT end the process in order: exit 0 when all steps ended, 1 when one failed, the grace
 * was over or a second signal came.
 */
export function onShutdown(options: ShutdownOptions): void {
  const { log } = options;
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) {
      log.warn({ signal }, `${signal} for the second time: leaving at once`);
      process.exit(1);
    }
    stopping = true;
    log.info({ signal }, `${signal}: shutting down, at most ${options.graceSeconds} s`);
    void shutDown(options).then(code => process.exit(code));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/**
 * Logs errors nobody caught and exits 1: what such a process does next cannot be trusted. Called first of all, it also
 * makes one log line of what keeps a process from starting.
 */
export function exitOnLostErrors(log: Log): void {
  process.on('uncaughtException', error => {
    log.fatal({ err: error }, 'an error was not caught; the process ends');
    process.exit(1);
  });
  process.on('unhandledRejection', reason => {
    log.fatal({ err: reason }, 'a rejected promise was not handled; the process ends');
    process.exit(1);
  });
}

async function shutDown({ log, graceSeconds, steps }: ShutdownOptions): Promise<number> {
  const begun = Date.now();
  const overdue = setTimeout(() => {
    log.error(`still not shut down after ${graceSeconds} s: leaving anyway`);
    process.exit(1);
  }, graceSeconds * 1000);
  let code = 0;
  for (const step of steps) {
    try {
      await step.run();
      log.debug({ step: step.name }, `shutdown: ${step.name} done`);
    } catch (error) {
      code = 1;
      log.error(
        { err: error, step: step.name },
        `shutdown: ${step.name} failed; going on with the next step`,
      );
    }
  }
  clearTimeout(overdue);
  log.info({ seconds: (Date.now() - begun) / 1000 }, 'shut down');
  return code;
}
