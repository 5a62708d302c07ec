import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { Pool } from 'pg';
import { bundleWorkflows } from '../../../workers/bundle.ts';
import type { RawActivities } from './workflow.ts';

/** The worker behind the raw start: its local activity is one transaction of one INSERT. Says `ready` to its parent. */
const { BENCH_DATABASE_URL, BENCH_TEMPORAL_ADDRESS, BENCH_TASK_QUEUE } = process.env;
if (!BENCH_DATABASE_URL || !BENCH_TEMPORAL_ADDRESS || !BENCH_TASK_QUEUE)
  throw new Error('BENCH_DATABASE_URL, BENCH_TEMPORAL_ADDRESS and BENCH_TASK_QUEUE must be set.');

Runtime.install({ logger: new DefaultLogger('WARN') });
const pool = new Pool({ connectionString: BENCH_DATABASE_URL, max: 10 });
const activities: RawActivities = {
  async insertRow(id) {
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query('insert into bench_starts (id) values ($1)', [id]);
      await client.query('commit');
    } finally {
      client.release();
    }
  },
};

const code = await bundleWorkflows(fileURLToPath(new URL('./workflow.js', import.meta.url)));
const connection = await NativeConnection.connect({ address: BENCH_TEMPORAL_ADDRESS });
const worker = await Worker.create({
  connection,
  taskQueue: BENCH_TASK_QUEUE,
  workflowBundle: { code },
  activities: { ...activities },
});
process.once('disconnect', () => worker.shutdown());
process.send?.('ready');
await worker.run();
await Promise.all([connection.close(), pool.end()]);
