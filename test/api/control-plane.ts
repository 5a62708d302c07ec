import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import { createChangeRecordActivities } from '../../activities/change-records.ts';
import { createClearanceActivities } from '../../activities/clearance.ts';
import { createPeopleActivities } from '../../activities/people-records.ts';
import { createRecordActivities } from '../../activities/records.ts';
import type { Database } from '../../db/database.ts';
import { cacheDirectory } from '../../lab/cache.ts';
import { findTemporal } from '../../lab/temporal.ts';
import { SEARCH_ATTRIBUTES, TASK_QUEUES } from '../../temporal/names.ts';
import { ACTIVITIES_BY_QUEUE, type ActivityName, FakeActivities, type Input } from '../fakes/activities.ts';
import { bundleForTests } from '../workflows/bundle.ts';
import { firstInstall } from '../workflows/deploy-input.ts';

/** A real Temporal with the real workflow, which writes real records; only the cluster is a fake one. */
export interface TestControlPlane {
  readonly env: TestWorkflowEnvironment;
  /** The cluster of the deploys that begin from now on. */
  cluster: FakeActivities;
  startWorker(): Promise<void>;
  stopWorker(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the development server; the worker is started apart, so that a test can be without one. */
export async function startControlPlane(database: Database): Promise<TestControlPlane> {
  const path = await findTemporal({ cacheDir: cacheDirectory() });
  const env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      searchAttributes: Object.values(SEARCH_ATTRIBUTES),
    },
  });
  let running: { workers: Worker[]; ended: Promise<unknown> } | undefined;
  const plane: TestControlPlane = {
    env,
    cluster: new FakeActivities(firstInstall()),
    startWorker: async () => {
      const workers = await createWorkers(plane, database);
      running = { workers, ended: Promise.all(workers.map(worker => worker.run())) };
    },
    stopWorker: async () => {
      for (const worker of running?.workers ?? []) worker.shutdown();
      await running?.ended;
      running = undefined;
    },
    close: async () => {
      await plane.stopWorker();
      await env.teardown();
    },
  };
  return plane;
}

async function createWorkers(plane: TestControlPlane, database: Database): Promise<Worker[]> {
  const defaultQuota = { cpu: 16, memoryMiB: 32_768, pods: 50, storageGiB: 100 };
  const parts = { db: database };
  const activities = {
    ...createRecordActivities({ ...parts, governance: {}, defaultQuota }),
    ...createChangeRecordActivities({
      ...parts,
      defaultQuota,
      stepTimeoutSeconds: 60,
      intentSoakSeconds: 1,
      maxAgeSeconds: 15,
    }),
    ...createPeopleActivities(parts),
    ...createClearanceActivities(parts),
  };
  const codePath = inject('workflowBundle');
  const workflowBundle = codePath ? { codePath } : { code: await bundleForTests() };
  const common = { connection: plane.env.nativeConnection, namespace: plane.env.namespace ?? 'default' };
  return Promise.all([
    Worker.create({ ...common, taskQueue: TASK_QUEUES.control, workflowBundle, activities }),
    Worker.create({ ...common, taskQueue: TASK_QUEUES.cluster, activities: fakes(plane, 'cluster') }),
    Worker.create({ ...common, taskQueue: TASK_QUEUES.observer, activities: fakes(plane, 'observer') }),
  ]);
}

function fakes(plane: TestControlPlane, queue: 'cluster' | 'observer'): object {
  const perform = <N extends ActivityName>(activity: N) =>
    [activity, (input: Input<N>) => plane.cluster.perform(activity, input)] as const;
  return Object.fromEntries(ACTIVITIES_BY_QUEUE[queue].map(perform));
}
