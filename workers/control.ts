import { createChangeRecordActivities } from '../activities/change-records.ts';
import { createClearanceActivities } from '../activities/clearance.ts';
import { createPeopleActivities } from '../activities/people-records.ts';
import { createRecordActivities } from '../activities/records.ts';
import { openDatabase } from '../db/database.ts';
import { readWaiting } from '../db/waiting.ts';
import { PRICES } from '../domain/rules/prices.ts';
import { DEFAULT_SLOT_QUOTA, governanceOf, readConfig } from '../process/config.ts';
import { createLog } from '../process/log.ts';
import { createRegistry, measureConnections, serveMetrics } from '../process/metrics.ts';
import { exitOnLostErrors, onShutdown } from '../process/shutdown.ts';
import { TASK_QUEUES } from '../temporal/names.ts';
import { countActivities } from './activity-metrics.ts';
import { startAudit } from './audit.ts';
import { WORKFLOW_BUNDLE } from './bundle.ts';
import { reportOperations } from './operation-reports.ts';
import { startTemporalWorker } from './temporal-worker.ts';
import { measureWaiting } from './waiting-metrics.ts';

const settings = readConfig();
const log = createLog('control', settings.RUNTIMEAI_LOG_LEVEL);
exitOnLostErrors(log);
const registry = createRegistry('control');

const db = await openDatabase(settings.RUNTIMEAI_DATABASE_URL, { log });
measureConnections(registry, db);
measureWaiting(registry, { read: () => readWaiting(db.global), log });
const defaultQuota = settings.RUNTIMEAI_SLOT_QUOTA ?? DEFAULT_SLOT_QUOTA;
const prices = settings.RUNTIMEAI_PRICES ?? PRICES;
const records = createRecordActivities({ db, governance: governanceOf(settings), defaultQuota, prices });
const changeRecords = createChangeRecordActivities({
  db,
  defaultQuota,
  stepTimeoutSeconds: settings.RUNTIMEAI_STEP_TIMEOUT_SECONDS,
  intentSoakSeconds: settings.RUNTIMEAI_INTENT_SOAK_SECONDS,
  maxAgeSeconds: settings.RUNTIMEAI_FACTS_MAX_AGE_SECONDS,
  prices,
});
const clearance = createClearanceActivities({ db, prices });
const worker = await startTemporalWorker({
  log,
  settings,
  worker: {
    taskQueue: TASK_QUEUES.control,
    workflowBundle: { codePath: WORKFLOW_BUNDLE },
    activities: { ...records, ...createPeopleActivities({ db }), ...changeRecords, ...clearance },
    interceptors: { activity: [countActivities(registry), reportOperations({ log, registry })] },
    maxCachedWorkflows: 500,
    maxConcurrentLocalActivityExecutions: 50,
  },
});
const audit = await startAudit({ settings, database: db, log, registry });
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
    { name: 'audit', run: () => audit.stop() },
    { name: 'metrics', run: () => metrics.close() },
    { name: 'database', run: () => db.close() },
  ],
});
