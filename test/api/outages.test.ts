import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXAMPLES } from '../../api/openapi/examples.ts';
import { openChanges } from '../../db/changes.ts';
import { openDatabase } from '../../db/database.ts';
import { startTcpProxy, type TcpProxy } from '../fakes/tcp-proxy.ts';
import { type Recorded, recordDeploys } from './recorded.ts';
import { startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture } from './tenants.ts';

let tenants: TenantsFixture;
let recorded: Recorded;
let key: string;

beforeAll(async () => {
  tenants = await openTenants();
  recorded = await recordDeploys(tenants.database, 'acme');
  key = tenants.keyOf('acme', 'tenant_admin');
});

afterAll(() => tenants.close());

describe('while Temporal is away', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer(tenants);
  });

  afterAll(() => server.close());

  test('the API starts and serves reads', async () => {
    for (const path of [
      '/v1/runtimes',
      `/v1/runtimes/${recorded.runtimeId}`,
      `/v1/operations/${recorded.operationId}`,
      `/v1/approvals/${recorded.approvalId}`,
    ]) {
      expect((await server.call({ path, key })).status, path).toBe(200);
    }
    expect((await server.call({ path: '/ready' })).status).toBe(200);
  });

  test.each<[string, () => { path: string; body: unknown }]>([
    ['a new runtime', () => ({ path: '/v1/runtimes', body: EXAMPLES.createRuntime.smallest.value })],
    [
      'a deploy',
      () => ({
        path: `/v1/runtimes/${recorded.runtimeId}/deployments`,
        body: EXAMPLES.createDeployment.newVersion.value,
      }),
    ],
    [
      'a decision',
      () => ({ path: `/v1/approvals/${recorded.approvalId}/decision`, body: { decision: 'approve' } }),
    ],
    ['a cancellation', () => ({ path: `/v1/operations/${recorded.operationId}/cancel`, body: {} })],
  ])('%s is 503 and says when to try again', async (_, request) => {
    const answer = await server.call({ ...request(), key });
    expect([answer.status, answer.body.code]).toEqual([503, 'temporal_unavailable']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(JSON.stringify(answer.body)).not.toMatch(/grpc|ECONN|at .*\.[jt]s/);
  });

  test('its health is degraded, which is still 200', async () => {
    const { status, body } = await server.call({ path: '/v1/health' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'degraded',
      version: '0.1.0',
      parts: { database: { status: 'ok' }, temporal: { status: 'unavailable' } },
    });
  });
});

describe('while PostgreSQL is away', () => {
  let proxy: TcpProxy;
  let server: TestServer;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const url = new URL(tenants.appUrl);
    proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    url.port = String(proxy.port);
    const database = await openDatabase(url.href, { maxConnections: 4 });
    const changes = openChanges(url.href);
    server = await startServer({ database, changes });
    close = async () => {
      await server.close();
      await changes.close();
      await database.close();
      await proxy.close();
    };
  });

  afterAll(() => close());

  test('every route answers 503, and serves again when it is back', async () => {
    const read = () => server.call({ path: '/v1/runtimes', key });
    expect((await read()).status).toBe(200);
    proxy.cut();
    for (let round = 0; round < 5; round++) {
      const answer = await read();
      expect([answer.status, answer.body.code], JSON.stringify(answer.body)).toEqual([
        503,
        'database_unavailable',
      ]);
      expect(answer.headers.get('retry-after')).toBe('5');
    }
    expect((await server.call({ path: '/ready' })).status).toBe(503);
    expect((await server.call({ path: '/live' })).status).toBe(200);
    expect((await server.call({ path: '/v1/health' })).body).toMatchObject({
      status: 'degraded',
      parts: { database: { status: 'unavailable' } },
    });
    proxy.mend();
    await expect.poll(async () => (await read()).status).toBe(200);
    await expect
      .poll(async () => (await server.call({ path: '/ready' })).status, { timeout: 5000 })
      .toBe(200);
  });
});
