import { openChanges } from '../db/changes.ts';
import { openDatabase } from '../db/database.ts';
import { readConfig } from '../process/config.ts';
import { createLog } from '../process/log.ts';
import { createRegistry, measureConnections } from '../process/metrics.ts';
import { exitOnLostErrors, onShutdown } from '../process/shutdown.ts';
import { createTemporalClient } from '../temporal/client.ts';
import { createApp } from './app.ts';
import { trustedIssuers } from './identity/issuers.ts';

const settings = readConfig();
const log = createLog('api', settings.RUNTIMEAI_LOG_LEVEL);
exitOnLostErrors(log);
const registry = createRegistry('api');
const database = await openDatabase(settings.RUNTIMEAI_DATABASE_URL, { log });
measureConnections(registry, database);
const temporal = createTemporalClient({
  address: settings.RUNTIMEAI_TEMPORAL_ADDRESS,
  namespace: settings.RUNTIMEAI_TEMPORAL_NAMESPACE,
});
const changes = openChanges(database.url, { log });
const app = await createApp({
  database,
  temporal,
  changes,
  log,
  registry,
  factsMaxAgeSeconds: settings.RUNTIMEAI_FACTS_MAX_AGE_SECONDS,
  temporalUiUrl: settings.RUNTIMEAI_TEMPORAL_UI_URL,
  defaultAgentImage: settings.RUNTIMEAI_DEFAULT_AGENT_IMAGE,
  prices: settings.RUNTIMEAI_PRICES,
  installation: settings.RUNTIMEAI_INSTALLATION,
  defaultQuota: settings.RUNTIMEAI_SLOT_QUOTA,
  issuers: trustedIssuers(settings, log),
  rateLimitPerMinute: settings.RUNTIMEAI_RATE_LIMIT_PER_MINUTE,
});

onShutdown({
  log,
  graceSeconds: settings.RUNTIMEAI_SHUTDOWN_GRACE_SECONDS,
  steps: [
    { name: 'http', run: () => app.close() },
    { name: 'temporal', run: () => temporal.connection.close() },
    { name: 'changes', run: () => changes.close() },
    { name: 'database', run: () => database.close() },
  ],
});

await app.listen(settings.RUNTIMEAI_API_PORT, settings.RUNTIMEAI_API_HOST);
log.info(`the API listens on ${await app.getUrl()}; its reference is at /v1/reference`);
