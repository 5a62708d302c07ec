import { createRolloutActivities } from '../activities/rollout.ts';
import { connectKubernetes } from '../clients/kubernetes/connection.ts';
import { createKubernetesClient } from '../clients/kubernetes/requests.ts';
import { openChanges } from '../db/changes.ts';
import { openDatabase } from '../db/database.ts';
import { beat, listWatchedRuntimes, saveHealth, saveSignals } from '../db/health.ts';
import { readConfig } from '../process/config.ts';
import { createLog } from '../process/log.ts';
import { createRegistry, measureConnections, serveMetrics } from '../process/metrics.ts';
import { exitOnLostErrors, onShutdown } from '../process/shutdown.ts';
import { TASK_QUEUES } from '../temporal/names.ts';
import { countActivities } from './activity-metrics.ts';
import { openHealthViews } from './adapters.ts';
import { startClusterWatch } from './observer/cluster-watch.ts';
import { readEarlierRuntimes } from './observer/earlier-runtimes.ts';
import { HealthRecorder } from './observer/health-recorder.ts';
import { startHeartbeat } from './observer/heartbeat.ts';
import type { KindState } from './observer/kind-watch.ts';
import { createObserverMetrics, measureWatches } from './observer/metrics.ts';
import { startUsage } from './observer/usage.ts';
import { startTemporalWorker, type TemporalWorker } from './temporal-worker.ts';

const KIND_WORDS: Readonly<Record<KindState, string>> = {
  looking: 'not heard of now; looked for again',
  not_installed: 'not installed in the cluster; followed as soon as it is',
  listing: 'installed; its objects are being read',
  followed: 'followed',
};

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

const views = await openHealthViews({ kubernetes, log }, settings);
const watch = startClusterWatch({
  connection,
  views,
  maxAgeSeconds,
  onChange: runtimeId => recorder.changedOf(runtimeId),
  onTrouble: (kind, { reason, relist, retryInMs }) => {
    metrics.restarts.inc({ kind, relist: String(relist) });
    log.warn({ kind, relist, retryInMs }, reason);
  },
  onKind: (kind, state) => log.info({ kind }, `${kind}: ${KIND_WORDS[state]}`),
});
const usage = startUsage({
  connection,
  log,
  fromNodes: settings.RUNTIMEAI_NODE_METRICS,
  nodes: () => watch.facts.nodes(),
  onRead: () => recorder.usageRead(),
});
const recorder = new HealthRecorder({
  facts: watch.facts,
  views,
  ageSeconds: () => watch.ageSeconds(),
  maxAgeSeconds,
  sight: adapter => watch.sight(adapter),
  usage: (namespace, pods) => usage.of(namespace, pods),
  lookUp: (tenantId, ids) => listWatchedRuntimes(db.forTenant(tenantId), ids),
  save: ({ tenantId, ...record }) =>
    saveHealth(db.forTenant(tenantId), { ...record, phase: record.health.phase }),
  saveSignals: (tenantId, observed) => saveSignals(db.forTenant(tenantId), observed),
  onJudged: ({ status }) => metrics.judgements.inc({ status }),
  onTransition: ({ runtimeId, tenantId, health }) => {
    metrics.transitions.inc({ status: health.status });
    log.info({ runtime: runtimeId, tenant: tenantId, status: health.status }, `health: ${health.reason}`);
  },
  onFailed: (error, record) => {
    metrics.saveFailures.inc();
    const whose = record && { runtime: record.runtimeId, tenant: record.tenantId };
    log.warn({ err: error, ...whose }, 'health was not saved; it is tried again');
  },
});
const changes = openChanges(settings.RUNTIMEAI_DATABASE_URL, { log });
changes.announced.on('health', ({ runtime }) => runtime !== null && recorder.announced(runtime));
changes.announced.on('began', () => recorder.announcedAll());
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
    { name: 'announcements', run: () => changes.close() },
    { name: 'usage', run: () => usage.stop() },
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
  Object.fromEntries(watch.kinds().map(({ kind, count }) => [kind, count])),
  `following the runtimes of ${connection.server} (${connection.source})`,
);
for (const { tenantId, runtime } of await readEarlierRuntimes(kubernetes, db))
  recorder.remember(tenantId, runtime);
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
