import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Settings } from './config.ts';
import type { Log } from './log.ts';

export interface MetricsServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface MetricsServerOptions {
  readonly log: Log;
  /** Port 0 takes a free one; the one taken is logged. */
  readonly settings: Pick<Settings, 'RUNTIMEAI_METRICS_HOST' | 'RUNTIMEAI_METRICS_PORT'>;
  readonly registry: Registry;
  /** Resolves when the process can do its work, rejects with the reason when it cannot. */
  readonly ready: () => Promise<void>;
}

/** Makes the registry of one process, with Node's own metrics and the label `process` on everything. */
export function createRegistry(processName: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ process: processName });
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Adds the pool of database connections: callers that wait for one mean it is too small or the database too slow. */
export function measureConnections(registry: Registry, pool: ConnectionPool): void {
  new Gauge({
    name: 'runtimeai_database_connections',
    help: 'Connections to PostgreSQL that are open and idle, and callers that wait for one',
    labelNames: ['state'] as const,
    registers: [registry],
    collect() {
      const { open, idle, waiting } = pool.connections();
      this.set({ state: 'busy' }, open - idle);
      this.set({ state: 'idle' }, idle);
      this.set({ state: 'waiting' }, waiting);
    },
  });
  new Counter({
    name: 'runtimeai_database_connections_taken_total',
    help: 'How often a connection to PostgreSQL was taken: as often as SQL was sent',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(pool.connections().taken);
    },
  });
}

interface ConnectionPool {
  connections(): {
    readonly open: number;
    readonly idle: number;
    readonly waiting: number;
    readonly taken: number;
  };
}

/** Serves /metrics (Prometheus), /live and /ready of a worker process. */
export async function serveMetrics(options: MetricsServerOptions): Promise<MetricsServer> {
  const { log, settings } = options;
  const { RUNTIMEAI_METRICS_HOST: host, RUNTIMEAI_METRICS_PORT: wanted } = settings;
  const server = createServer((request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      log.error({ err: error, path: request.url }, 'could not answer a metrics request');
      send(response, 500, { status: 'error' });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(cannotListen(error, options)));
    server.listen(wanted, host, resolve);
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : wanted;
  log.info({ host, port }, `serving /metrics, /live and /ready on http://${host}:${port}`);
  return { host, port, close: () => close(server) };
}

const READY_TIMEOUT_MS = 5000;

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: MetricsServerOptions,
): Promise<void> {
  const path = (request.url ?? '/').split('?')[0];
  if (path === '/live') return send(response, 200, { status: 'live' });
  if (path === '/ready') {
    const reason = await whyNotReady(options.ready);
    return reason === undefined
      ? send(response, 200, { status: 'ready' })
      : send(response, 503, { status: 'not_ready', reason });
  }
  if (path === '/metrics') {
    response
      .writeHead(200, { 'content-type': options.registry.contentType })
      .end(await options.registry.metrics());
    return;
  }
  send(response, 404, { status: 'not_found', reason: 'only /metrics, /live and /ready are served here' });
}

async function whyNotReady(ready: () => Promise<void>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<string>(resolve => {
    timer = setTimeout(resolve, READY_TIMEOUT_MS, `the check did not end within ${READY_TIMEOUT_MS} ms`);
  });
  const check = ready().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return Promise.race([check, timeout]).finally(() => clearTimeout(timer));
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}

function cannotListen(error: Error, { settings }: MetricsServerOptions): Error {
  const { RUNTIMEAI_METRICS_HOST: host, RUNTIMEAI_METRICS_PORT: port } = settings;
  return new Error(
    `Cannot serve metrics on ${host}:${port}: ${error.message}. ` +
      'Set RUNTIMEAI_METRICS_PORT to a free port, or to 0 to take any.',
    { cause: error },
  );
}

function close(server: ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close(error => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
}
