import { Counter } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { createLog } from './log.ts';
import { createRegistry, type MetricsServer, serveMetrics } from './metrics.ts';

const log = createLog('test', 'error');
const servers: MetricsServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(ready: () => Promise<void>) {
  const registry = createRegistry('test');
  new Counter({ name: 'deploys_total', help: 'Deploys', registers: [registry] }).inc();
  const server = await serveMetrics({ log, settings: listeningOn(0), registry, ready });
  servers.push(server);
  return async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return { status: answer.status, text: await answer.text() };
  };
}

function listeningOn(port: number) {
  return { RUNTIMEAI_METRICS_HOST: '127.0.0.1', RUNTIMEAI_METRICS_PORT: port };
}

describe('serveMetrics', () => {
  it('takes a free port and serves metrics with the process’s name', async () => {
    const get = await serve(async () => undefined);
    const { status, text } = await get('/metrics');
    expect(status).toBe(200);
    expect(text).toContain('deploys_total{process="test"} 1');
    expect(text).toContain('process_resident_memory_bytes');
  });

  it('lives though it is not ready, and says why it is not', async () => {
    const get = await serve(async () => {
      throw new Error('Temporal has not answered yet');
    });
    expect((await get('/live')).status).toBe(200);
    const { status, text } = await get('/ready');
    expect(status).toBe(503);
    expect(JSON.parse(text)).toEqual({ status: 'not_ready', reason: 'Temporal has not answered yet' });
  });

  it('is ready when the check passes, and serves nothing else', async () => {
    const get = await serve(async () => undefined);
    expect((await get('/ready')).status).toBe(200);
    expect((await get('/')).status).toBe(404);
  });

  it('says what to do when the port is taken', async () => {
    await serve(async () => undefined);
    const port = servers[0]?.port ?? 0;
    const again = serveMetrics({
      log,
      settings: listeningOn(port),
      registry: createRegistry('x'),
      ready: async () => undefined,
    });
    await expect(again).rejects.toThrow(/EADDRINUSE.*RUNTIMEAI_METRICS_PORT/);
  });
});
