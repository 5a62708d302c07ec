import { setTimeout as delay } from 'node:timers/promises';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Settings } from '../process/config.ts';
import { type Log, temporalLog } from '../process/log.ts';

/** A Temporal worker as a process wants it: whether it is ready, and how it is stopped. One that breaks ends its process. */
export interface TemporalWorker {
  ready(): Promise<void>;
  stop(): Promise<void>;
}

export interface TemporalWorkerOptions {
  readonly log: Log;
  readonly settings: Settings;
  readonly worker: Omit<WorkerOptions, 'connection' | 'namespace'>;
}

const RECONNECT_MS = 2000;

/** Connects to Temporal, however long it takes to come up, and begins to poll the task queue. */
export async function startTemporalWorker(options: TemporalWorkerOptions): Promise<TemporalWorker> {
  const { log, settings } = options;
  // The process owns the signals: the runtime's own handlers would end the worker in the middle of our order.
  Runtime.install({ logger: temporalLog(log), shutdownSignals: [] });
  const connection = await connect(options);
  const worker = await Worker.create({
    connection,
    namespace: settings.RUNTIMEAI_TEMPORAL_NAMESPACE,
    shutdownGraceTime: `${settings.RUNTIMEAI_SHUTDOWN_GRACE_SECONDS}s`,
    stickyQueueScheduleToStartTimeout: '5s',
    maxHeartbeatThrottleInterval: '3s',
    ...options.worker,
  });
  log.info({ taskQueue: options.worker.taskQueue }, 'polling for work');
  return started(worker, connection);
}

function started(worker: Worker, connection: NativeConnection): TemporalWorker {
  const running = worker.run();
  return {
    ready: async () => {
      const state = worker.getState();
      if (state !== 'RUNNING') throw new Error(`the Temporal worker is ${state}`);
    },
    stop: async () => {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await running;
      await connection.close();
    },
  };
}

async function connect({ log, settings }: TemporalWorkerOptions): Promise<NativeConnection> {
  const address = settings.RUNTIMEAI_TEMPORAL_ADDRESS;
  for (;;) {
    try {
      return await NativeConnection.connect({ address });
    } catch (error) {
      log.warn(
        { err: error, address },
        `Temporal does not answer on ${address}; trying again in ${RECONNECT_MS / 1000} s (RUNTIMEAI_TEMPORAL_ADDRESS)`,
      );
      await delay(RECONNECT_MS);
    }
  }
}
