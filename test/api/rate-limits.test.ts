import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture } from './tenants.ts';

const LIMIT = 5;
let tenants: TenantsFixture;
let server: TestServer;

beforeAll(async () => {
  tenants = await openTenants();
  server = await startServer(tenants, undefined, { rateLimitPerMinute: LIMIT });
});

afterAll(async () => {
  await server.close();
  await tenants.close();
});

const list = (key?: string) => server.call({ path: '/v1/runtimes', ...(key !== undefined && { key }) });

test('a key gets so many answers a minute, and 429 with the time to wait after that', async () => {
  const key = tenants.keyOf('acme', 'viewer');
  for (let left = LIMIT - 1; left >= 0; left -= 1) {
    const answer = await list(key);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('ratelimit-policy')).toBe(`"per-minute";q=${LIMIT};w=60`);
    expect(answer.headers.get('ratelimit')).toMatch(new RegExp(`^"per-minute";r=${left};t=\\d+$`));
  }
  const refused = await list(key);
  expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited']);
  expect(refused.headers.get('content-type')).toContain('application/problem+json');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await list(tenants.keyOf('acme', 'developer'))).status).toBe(200);
});

test('whoever has no good key is counted by address, and takes nothing from those who have one', async () => {
  const statuses: number[] = [];
  for (let sent = 0; sent < LIMIT; sent += 1) statuses.push((await list('rtai_test_x_y_z')).status);
  statuses.push((await list()).status);
  expect(statuses).toEqual([...Array(LIMIT).fill(401), 429]);
  expect((await list(tenants.keyOf('globex', 'viewer'))).status).toBe(200);
});

test.each(['/v1/health', '/v1/openapi.json', '/v1/reference', '/live', '/ready', '/metrics'])(
  '%s is never counted',
  async path => {
    for (let sent = 0; sent <= LIMIT; sent += 1) {
      const answer = await server.call({ path });
      expect([answer.status, answer.headers.get('ratelimit')]).toEqual([200, null]);
    }
  },
);
