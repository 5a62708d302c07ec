import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startTcpProxy, type TcpProxy } from '../test/fakes/tcp-proxy.ts';
import { withClient } from '../test/postgres.ts';
import { type TwoTenants, twoTenants } from '../test/tenants.ts';
import { newApiKey } from './api-key-format.ts';
import { revokeApiKey } from './api-keys.ts';
import { type Changes, openChanges } from './changes.ts';
import { KnownKeys } from './known-keys.ts';
import { createApiKey } from './tenants.ts';

let two: TwoTenants;
let proxy: TcpProxy;
let changes: Changes;
let reads = 0;
let keys: KnownKeys;
beforeAll(async () => {
  two = await twoTenants();
  const url = new URL(two.database.appUrl);
  proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
  url.host = `127.0.0.1:${proxy.port}`;
  changes = openChanges(url.href);
  const counting: typeof two.db.forKey = keyId => {
    reads += 1;
    return two.db.forKey(keyId);
  };
  keys = new KnownKeys({ forKey: counting }, changes);
});
afterAll(async () => {
  await changes.close();
  await proxy.close();
  await two.close();
});
beforeEach(async () => {
  reads = 0;
  await expect.poll(() => changes.hearsNow()).toBe(true);
});

const makeKey = (more: { expiresInSeconds?: number } = {}) =>
  createApiKey(two.owner, {
    tenantId: 'acme',
    installation: 'lab',
    name: 'Ada',
    roles: ['developer'],
    ...more,
  });

/** A key that is known by now. */
async function knownKey(more: { expiresInSeconds?: number } = {}) {
  const key = await makeKey(more);
  expect(await keys.authenticate(key.token)).toMatchObject({ tenantId: 'acme', id: key.principalId });
  reads = 0;
  return key;
}

const revoke = (keyId: string) => two.owner.inTenant('acme', db => revokeApiKey(db, keyId));
const isRefused = async (token: string) => (await keys.authenticate(token)) === undefined;

/** Asks on and on, and answers how many milliseconds passed until the key was refused. */
async function refusedAfter(token: string): Promise<number> {
  const startedAt = performance.now();
  await expect.poll(() => isRefused(token), { interval: 5, timeout: 10_000 }).toBe(true);
  return performance.now() - startedAt;
}

test('a key is read once and then known without SQL', async () => {
  const { token } = await knownKey();
  for (let call = 0; call < 100; call += 1) expect(await keys.authenticate(token)).toBeDefined();
  expect(reads).toBe(0);
});

test('a revoked key is refused within a second', async () => {
  const { token, keyId } = await knownKey();
  await revoke(keyId);
  expect(await refusedAfter(token)).toBeLessThan(1000);
});

test('a revoked key is refused soon also when its announcement is lost on a line that seems whole', async () => {
  const { token, keyId } = await knownKey();
  proxy.stall();
  await revoke(keyId);
  expect(await refusedAfter(token)).toBeLessThan(2000);
  proxy.mend();
});

test('with the listening connection broken every key is read', async () => {
  const { token, keyId } = await knownKey();
  proxy.cut();
  await expect.poll(() => changes.hearsNow()).toBe(false);
  expect(await keys.authenticate(token)).toBeDefined();
  expect(await keys.authenticate(token)).toBeDefined();
  expect(reads).toBe(2);
  await revoke(keyId);
  expect(await isRefused(token)).toBe(true);
  proxy.mend();
  await expect.poll(() => changes.hearsNow()).toBe(true);
  expect(await isRefused(token)).toBe(true);
});

test.each([
  ['given', `update role_grants set role = 'viewer' where principal_id = $1`, ['viewer']],
  ['taken', 'delete from role_grants where principal_id = $1', []],
])('a role that is %s counts within a second', async (_, statement, roles) => {
  const { token, principalId } = await knownKey();
  await withClient(two.database.superuserUrl, client => client.query(statement, [principalId]));
  const now = async () => (await keys.authenticate(token))?.roles;
  await expect.poll(now, { timeout: 1000 }).toEqual(roles);
});

test('a disabled principal is refused within a second', async () => {
  const { token, principalId } = await knownKey();
  await withClient(two.database.superuserUrl, client =>
    client.query('update principals set disabled_at = now() where id = $1', [principalId]),
  );
  expect(await refusedAfter(token)).toBeLessThan(1000);
});

test('a removed key is refused as soon as that is announced', async () => {
  const { token, keyId } = await knownKey();
  await withClient(two.database.superuserUrl, client =>
    client.query('delete from api_keys where key_id = $1', [keyId]),
  );
  await expect.poll(() => isRefused(token)).toBe(true);
});

test('a known key expires by itself', async () => {
  const { token } = await knownKey({ expiresInSeconds: 1 });
  await expect.poll(() => isRefused(token)).toBe(true);
  expect(reads).toBe(0);
});

test('a known key with another secret is refused without SQL, and so is what is no key', async () => {
  const { keyId } = await knownKey();
  const { token } = newApiKey('lab', keyId);
  expect(await isRefused(token)).toBe(true);
  expect(await isRefused('rtai_lab_not_a_key')).toBe(true);
  expect(reads).toBe(0);
});

test('an unknown key is looked for each time, so that it is good as soon as it is made', async () => {
  const { token } = newApiKey('lab');
  expect(await isRefused(token)).toBe(true);
  expect(await isRefused(token)).toBe(true);
  expect(reads).toBe(2);
});
