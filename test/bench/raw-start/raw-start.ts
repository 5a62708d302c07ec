import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { Client as PostgresClient } from 'pg';
import type { World } from '../world.ts';
import { startUpdate } from './workflow.ts';

/** A raw `executeUpdateWithStart` on a worker of its own, on the same Temporal and the same PostgreSQL. */
export interface RawStart {
  /** Starts one workflow and waits for the answer of its Update; answers how many milliseconds that took. */
  start(): Promise<number>;
  stop(): Promise<void>;
}

const TASK_QUEUE = 'bench-raw-start';
const READY_WITHIN_MS = 60_000;

/** Starts the worker process and makes the table it writes to. */
export async function startRawStart(world: World): Promise<RawStart> {
  await makeTable(world.ownerUrl);
  const worker = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), {
    env: {
      PATH: process.env['PATH'],
      BENCH_DATABASE_URL: world.appUrl,
      BENCH_TEMPORAL_ADDRESS: world.lab.temporal.address,
      BENCH_TASK_QUEUE: TASK_QUEUE,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await untilReady(worker);
  return {
    start: () => startOnce(world),
    async stop() {
      const ended = once(worker, 'exit');
      worker.disconnect();
      await ended;
    },
  };
}

async function startOnce({ temporal }: World): Promise<number> {
  const id = randomUUID();
  const startedAt = performance.now();
  await temporal.workflow.executeUpdateWithStart(startUpdate, {
    args: [id],
    startWorkflowOperation: new WithStartWorkflowOperation('rawStart', {
      workflowId: `bench/${id}`,
      taskQueue: TASK_QUEUE,
      args: [],
      workflowIdConflictPolicy: 'FAIL',
    }),
  });
  return performance.now() - startedAt;
}

async function makeTable(ownerUrl: string): Promise<void> {
  const owner = new PostgresClient({ connectionString: ownerUrl });
  await owner.connect();
  await owner.query('create table bench_starts (id text primary key, at timestamptz not null default now())');
  await owner.query('grant insert on bench_starts to runtimeai_app');
  await owner.end();
}

async function untilReady(worker: ChildProcess): Promise<void> {
  const signal = AbortSignal.timeout(READY_WITHIN_MS);
  await Promise.race([
    once(worker, 'message', { signal }),
    once(worker, 'exit', { signal }).then(([code]) => {
      throw new Error(`The worker of the raw start ended with ${code} before it was ready.`);
    }),
  ]);
}
