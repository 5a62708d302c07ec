import { createRolloutActivities } from '../activities/rollout.ts';
import { connectKubernetes } from '../clients/kubernetes/connection.ts';
import { createKubernetesClient } from '../clients/kubernetes/requests.ts';
import { openDatabase } from '../db/database.ts';
import { beat, saveHealth } from '../db/health.ts';
import { readConfig } from '../process/config.ts';
import { createLog } from '../process/log.ts';
import { createRegistry, measureConnections, serveMetrics } from '../process/metrics.ts';
import { exitOnLostErrors, onShutdown } from '../process/shutdown.ts';
import { TASK_QUEUES } from '../temporal/names.ts';
import { countActivities } from './activity-metrics.ts';
import { startClusterWatch } from './observer/cluster-watch.ts';
import { readEarlierHealth } from './observer/earlier-health.ts';
import { HealthRecorder } from './observer/health-recorder.ts';
import { startHeartbeat } from './observer/heartbeat.ts';
import { createObserverMetrics, measureWatches } from './observer/metrics.ts';
import { startTemporalWorker, type TemporalWorker } from './temporal-worker.ts';

const settings = readConfig();
const maxAgeSeconds = settings.RUNTIMEAI_FACTS_MAX_AGE_SECONDS;
const log = createLog('observer', settings.RUNTIMEAI_LOG_LEVEL);
exitOnLostErrors(log);
const registry = createRegistry('observer');
const metrics = createObserverMetrics(registry);

const connection = await connectKubernetes({
  kubeconfig: settings.RUNTIMEAI_KUBECONFIG,
  context: settings.RUNTIMEAI_KUBE_CONTEXT,
});
const kubernetes = createKubernetesClient(connection);
const db = await openDatabase(settings.RUNTIMEAI_DATABASE_URL, { log });
measureConnections(registry, db);

const watch = startClusterWatch({
  connection,
  maxAgeSeconds,
  onChange: runtimeId => recorder.changedOf(runtimeId),
  onTrouble: (kind, { reason, relist, retryInMs }) => {
    metrics.restarts.inc({ kind, relist: String(relist) });
    log.warn({ kind, relist, retryInMs }, reason);
  },
});
const recorder = new HealthRecorder({
  facts: watch.facts,
  isFresh: () => watch.ageSeconds() <= maxAgeSeconds,
  save: ({ tenantId, ...record }) => saveHealth(db.forTenant(tenantId), record),
  onJudged: ({ status }) => metrics.judgements.inc({ status }),
  onTransition: ({ runtimeId, tenantId, health }) => {
    metrics.transitions.inc({ status: health.status });
    log.info({ runtime: runtimeId, tenant: tenantId, status: health.status }, `health: ${health.reason}`);
  },
  onSaveFailed: ({ runtimeId, tenantId }, error) => {
    metrics.saveFailures.inc();
    log.warn({ err: error, runtime: runtimeId, tenant: tenantId }, 'health was not saved; it is tried again');
  },
});
measureWatches(registry, watch);
const heartbeat = startHeartbeat({
  ageSeconds: () => watch.ageSeconds(),
  beat: ageSeconds => beat(db, ageSeconds),
  onFailed: error => {
    metrics.saveFailures.inc();
    log.warn({ err: error }, 'the heartbeat was not saved; the next follows in two seconds');
  },
});

let worker: TemporalWorker | undefined;
const metricsServer = await serveMetrics({
  log,
  settings,
  registry,
  ready: async () => {
    const age = watch.ageSeconds();
    if (!(age <= maxAgeSeconds)) throw new Error(`the cluster was last heard ${age.toFixed(1)} s ago`);
    if (worker === undefined) throw new Error('Temporal has not answered yet');
    await worker.ready();
  },
});

onShutdown({
  log,
  graceSeconds: settings.RUNTIMEAI_SHUTDOWN_GRACE_SECONDS + 5,
  steps: [
    { name: 'worker', run: async () => worker?.stop() },
    { name: 'recorder', run: () => recorder.stop() },
    { name: 'heartbeat', run: async () => heartbeat.stop() },
    { name: 'watch', run: () => watch.stop() },
    { name: 'metrics', run: () => metricsServer.close() },
    { name: 'database', run: () => db.close() },
    { name: 'kubernetes', run: async () => connection.close() },
  ],
});

await watch.listed;
log.info(
  { deployments: watch.count('Deployment'), pods: watch.count('Pod') },
  `following the runtimes of ${connection.server} (${connection.source})`,
);
for (const facts of await readEarlierHealth(kubernetes, db)) recorder.remember(facts);
recorder.start();

worker = await startTemporalWorker({
  log,
  settings,
  worker: {
    taskQueue: TASK_QUEUES.observer,
    activities: { ...createRolloutActivities({ facts: watch.facts, maxAgeSeconds }) },
    interceptors: { activity: [countActivities(registry)] },
    // One waits in each running verification and costs nothing but memory.
    maxConcurrentActivityTaskExecutions: 2000,
  },
});
