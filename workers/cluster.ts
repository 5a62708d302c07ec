import { createChangeActivities } from '../activities/changes.ts';
import { createEvidenceActivities } from '../activities/evidence.ts';
import { createReleaseActivities } from '../activities/helm.ts';
import { createReleases } from '../activities/release/releases.ts';
import { createSlots } from '../activities/slots.ts';
import { withReplicas } from '../adapters/agent-runtime/replicas.ts';
import { refuseUnplaceable } from '../adapters/placement.ts';
import { createHelm } from '../clients/helm/cli.ts';
import { createReleaseStorage } from '../clients/helm/storage.ts';
import { connectKubernetes } from '../clients/kubernetes/connection.ts';
import { diffObjects } from '../clients/kubernetes/diff.ts';
import { createKubernetesClient } from '../clients/kubernetes/requests.ts';
import { openDatabase } from '../db/database.ts';
import { saveEvidence, savePlan } from '../db/deployments.ts';
import { governanceOf, readConfig } from '../process/config.ts';
import { createLog } from '../process/log.ts';
import { createRegistry, measureConnections, serveMetrics } from '../process/metrics.ts';
import { exitOnLostErrors, onShutdown } from '../process/shutdown.ts';
import { TASK_QUEUES } from '../temporal/names.ts';
import { countActivities } from './activity-metrics.ts';
import { openAdapters, placementSettings } from './adapters.ts';
import { startKindChecks } from './runtime-kinds.ts';
import { startTemporalWorker } from './temporal-worker.ts';

const settings = readConfig();
const log = createLog('cluster', settings.RUNTIMEAI_LOG_LEVEL);
exitOnLostErrors(log);
const registry = createRegistry('cluster');

const db = await openDatabase(settings.RUNTIMEAI_DATABASE_URL, { log });
measureConnections(registry, db);
const cluster = { kubeconfig: settings.RUNTIMEAI_KUBECONFIG, context: settings.RUNTIMEAI_KUBE_CONTEXT };
const kubernetes = createKubernetesClient(await connectKubernetes(cluster));
const helm = createHelm({ binary: settings.RUNTIMEAI_HELM, ...cluster, environment: process.env });

const storage = createReleaseStorage(kubernetes);
const adapters = await openAdapters(
  {
    kubernetes,
    releases: createReleases({ helm, storage, diff: input => diffObjects(kubernetes, input), log }),
    log,
  },
  settings,
);
const slots = createSlots({ kubernetes, log });
const placement = { ...placementSettings(settings), scheduling: settings.RUNTIMEAI_AGENT_SCHEDULING };
const releases = createReleaseActivities({
  helm,
  storage,
  slots,
  diff: objects => diffObjects(kubernetes, objects),
  chart: settings.RUNTIMEAI_CHART,
  governance: governanceOf(settings),
  ...placement,
  registry: settings.RUNTIMEAI_AGENT_REGISTRY,
  ground: {
    refuseImpossible: agent => refuseUnplaceable(kubernetes, agent, placement),
    withReplicas: (about, change) => withReplicas(kubernetes, about, change),
  },
  storePlan: ({ tenantId, ...plan }) => savePlan(db.forTenant(tenantId), plan),
  log,
});
const changes = createChangeActivities({ adapter: name => adapters.byName(name), slots, log });
const evidence = createEvidenceActivities({
  kubernetes,
  storeEvidence: ({ tenantId, ...kept }) => saveEvidence(db.forTenant(tenantId), kept),
});

const worker = await startTemporalWorker({
  log,
  settings,
  worker: {
    taskQueue: TASK_QUEUES.cluster,
    activities: { ...releases, ...changes, ...evidence },
    interceptors: { activity: [countActivities(registry)] },
    maxConcurrentActivityTaskExecutions: 16,
  },
});
const kinds = startKindChecks({ adapters: adapters.all, database: db, log });
const metrics = await serveMetrics({
  log,
  settings,
  registry,
  ready: () => worker.ready(),
});

onShutdown({
  log,
  graceSeconds: settings.RUNTIMEAI_SHUTDOWN_GRACE_SECONDS + 5,
  steps: [
    { name: 'worker', run: () => worker.stop() },
    { name: 'kinds', run: () => kinds.stop() },
    { name: 'helm', run: () => helm.close() },
    { name: 'metrics', run: () => metrics.close() },
    { name: 'database', run: () => db.close() },
  ],
});
