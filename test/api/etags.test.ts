import { afterAll, beforeAll, expect, test } from 'vitest';
import { withClient } from '../postgres.ts';
import { type Recorded, recordDeploys } from './recorded.ts';
import { startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture } from './tenants.ts';

let tenants: TenantsFixture;
let server: TestServer;
let recorded: Recorded;

beforeAll(async () => {
  tenants = await openTenants();
  server = await startServer(tenants);
  recorded = await recordDeploys(tenants.database, 'acme');
});

afterAll(async () => {
  await server.close();
  await tenants.close();
});

const read = (headers: Record<string, string> = {}) =>
  server.call({
    path: `/v1/runtimes/${recorded.runtimeId}`,
    key: tenants.keyOf('acme', 'viewer'),
    headers,
  });
const change = (assignment: string) =>
  withClient(tenants.superuserUrl, client =>
    client.query(`update runtimes set ${assignment} where id = '${recorded.runtimeId}'`),
  );

test('a runtime that has not changed is 304, with its tag and without its body', async () => {
  const first = await read();
  const tag = first.headers.get('etag') ?? '';
  expect(first.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(tag).toMatch(new RegExp(`^"${first.body.version}\\.`));
  const again = await read({ 'if-none-match': tag });
  expect([again.status, again.body, again.headers.get('etag')]).toEqual([304, '', tag]);
});

test('what no edit changes is not taken for an earlier answer, though the version stays', async () => {
  const before = await read();
  await change(`phase = 'deleting'`);
  const after = await read({ 'if-none-match': before.headers.get('etag') ?? '' });
  expect([after.status, after.body.version]).toEqual([200, before.body.version]);
  expect(after.body.state).not.toBe(before.body.state);
});

test('an edit shows in the version', async () => {
  const before = await read();
  await change(`version = version + 1, labels = '{"team": "other"}'`);
  const after = await read({ 'if-none-match': before.headers.get('etag') ?? '' });
  expect([after.status, after.body.version]).toEqual([200, before.body.version + 1]);
});
