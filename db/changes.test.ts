import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRecordActivities } from '../activities/records.ts';
import { withClient } from '../test/postgres.ts';
import { firstDeploy, type TwoTenants, twoTenants } from '../test/tenants.ts';
import { type Changes, openChanges, readUntil } from './changes.ts';
import { appendEvent, keptEvents } from './events.ts';

let two: TwoTenants;
let changes: Changes;
const deploy = firstDeploy();
const { runtimeId, operationId } = deploy;
beforeAll(async () => {
  two = await twoTenants();
  const defaultQuota = { cpu: 16, memoryMiB: 32_768, pods: 50, storageGiB: 100 };
  await createRecordActivities({ db: two.db, governance: {}, defaultQuota }).admitDeployment(deploy);
  changes = openChanges(two.database.appUrl);
  // The first answer of a new listener is the one everybody gets once it listens.
  expect(await changes.waitFor({ tenant: 'acme' }, { timeoutMs: 10_000 })).toBe('changed');
});
afterAll(async () => {
  await changes.close();
  await two.close();
});

const write = (about: { operationId?: string } = {}) =>
  appendEvent(two.db.forTenant('acme'), {
    type: 'test.tick',
    severity: 'info',
    actor: 'system',
    message: 'tick',
    runtimeId,
    ...about,
  });

describe('waitFor', () => {
  test.each([
    [{ tenant: 'acme', runtime: runtimeId }, 'changed'],
    [{ tenant: 'acme', operation: operationId }, 'changed'],
    [{ tenant: 'acme' }, 'changed'],
    [{ tenant: 'globex', runtime: runtimeId }, 'timeout'],
    [{ tenant: 'globex' }, 'timeout'],
    [{ tenant: 'acme', runtime: 'rt_other' }, 'timeout'],
  ] as const)('%j hears of an event of the runtime: %s', async (subject, heard) => {
    const waiting = changes.waitFor(subject, { timeoutMs: heard === 'changed' ? 10_000 : 300 });
    await write({ operationId });
    expect(await waiting).toBe(heard);
  });

  test('stops when the caller leaves', async () => {
    const leaving = new AbortController();
    const waiting = changes.waitFor({ tenant: 'globex' }, { timeoutMs: 30_000, signal: leaving.signal });
    leaving.abort();
    expect(await waiting).toBe('aborted');
  });
});

test('hears nothing of a transaction that was rolled back', async () => {
  const waiting = changes.waitFor({ tenant: 'acme', runtime: runtimeId }, { timeoutMs: 300 });
  const failing = two.db.inTenant('acme', async db => {
    await appendEvent(db, { type: 't', severity: 'info', actor: 'system', message: 'm', runtimeId });
    throw new Error('on purpose');
  });
  await expect(failing).rejects.toThrow('on purpose');
  expect(await waiting).toBe('timeout');
});

test('a subscription remembers what happened while its owner was busy', async () => {
  const subscription = changes.subscribe({ tenant: 'acme', runtime: runtimeId });
  const other = changes.subscribe({ tenant: 'acme', runtime: runtimeId });
  await write();
  expect(await other.next({ timeoutMs: 10_000 })).toBe('changed');
  expect(await subscription.next({ timeoutMs: 0 })).toBe('changed');
  expect(await subscription.next({ timeoutMs: 0 })).toBe('timeout');
  subscription.close();
  other.close();
});

test('readUntil answers as soon as what is read is wanted, and with the last reading when the time is over', async () => {
  const newest = async () => (await keptEvents(two.db.forTenant('acme'), runtimeId))?.newest ?? 0;
  const goal = (await newest()) + 3;
  const wait = { changes, subject: { tenant: 'acme', runtime: runtimeId }, read: newest };
  const reading = readUntil({ ...wait, wanted: number => number >= goal, timeoutMs: 20_000 });
  for (let count = 0; count < 3; count += 1) await write();
  expect(await reading).toBe(goal);
  expect(await readUntil({ ...wait, wanted: () => false, timeoutMs: 200 })).toBe(goal);
});

test('makes a broken connection again and tells everybody to read again', async () => {
  const waiting = changes.waitFor({ tenant: 'acme', runtime: 'rt_quiet' }, { timeoutMs: 20_000 });
  await withClient(two.database.superuserUrl, client =>
    client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'runtimeai changes' and datname = current_database()`,
    ),
  );
  expect(await waiting).toBe('changed');
  const next = changes.waitFor({ tenant: 'acme', runtime: runtimeId }, { timeoutMs: 20_000 });
  await write();
  expect(await next).toBe('changed');
});

test('the announcement says which tenant, runtime, operation and number', async () => {
  await withClient(two.database.appUrl, async client => {
    const heard = new Promise<string | undefined>(resolve =>
      client.once('notification', ({ payload }) => resolve(payload)),
    );
    await client.query('listen runtimeai_changes');
    const sequence = await write({ operationId });
    expect(JSON.parse((await heard) ?? '')).toEqual({
      tenant: 'acme',
      runtime: runtimeId,
      operation: operationId,
      sequence,
    });
  });
});

test('closing ends the connection', async () => {
  const brief = openChanges(two.database.appUrl);
  await brief.waitFor({ tenant: 'acme' }, { timeoutMs: 10_000 });
  const listeners = async () => {
    const { rows } = await sql<{ count: number }>`
      select count(*)::int as count from pg_stat_activity
      where application_name = 'runtimeai changes' and datname = current_database()`.execute(two.db.global);
    return rows[0]?.count;
  };
  expect(await listeners()).toBe(2);
  await brief.close();
  await expect.poll(listeners).toBe(1);
});
