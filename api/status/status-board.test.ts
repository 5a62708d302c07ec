import type { KyselyPlugin, PluginTransformQueryArgs, PluginTransformResultArgs } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Changes, openChanges } from '../../db/changes.ts';
import { appendEvent } from '../../db/events.ts';
import { beat, saveHealth } from '../../db/health.ts';
import type { Health, WorkloadFacts } from '../../domain/health.ts';
import { insertRuntime } from '../../test/builders/runtime-rows.ts';
import { startTcpProxy, type TcpProxy } from '../../test/fakes/tcp-proxy.ts';
import { withClient } from '../../test/postgres.ts';
import { type TwoTenants, twoTenants } from '../../test/tenants.ts';
import { StatusBoard } from './status-board.ts';

let two: TwoTenants;
let proxy: TcpProxy;
let changes: Changes;
let board: StatusBoard;
let reads = 0;
beforeAll(async () => {
  two = await twoTenants();
  const url = new URL(two.database.appUrl);
  proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
  url.host = `127.0.0.1:${proxy.port}`;
  changes = openChanges(url.href);
  board = new StatusBoard({ database: { forTenant: counted }, changes, maxAgeSeconds: 15 });
});
afterAll(async () => {
  await changes.close();
  await proxy.close();
  await two.close();
});
beforeEach(async () => {
  await expect.poll(() => changes.hearsNow()).toBe(true);
  await beat(two.db, 0);
});

function counted(tenantId: string) {
  reads += 1;
  return two.db.forTenant(tenantId);
}

const acme = () => two.db.forTenant('acme');
const statusOf = (runtimeId: string, tenantId = 'acme') =>
  board.read({ tenantId, runtimeId, sees: () => true });

async function seen(runtimeId: string, status: Health['status'], readyPods = 2): Promise<void> {
  const health = { status, readyPods, totalPods: 2, reason: `it is ${status}` };
  await saveHealth(acme(), {
    runtimeId,
    health,
    facts: { observedAt: new Date().toISOString() } as WorkloadFacts,
  });
}

/** A healthy runtime that is on the board by now. */
async function onBoard(name: string): Promise<string> {
  const runtimeId = await insertRuntime(two.db, { tenantId: 'acme', name });
  await seen(runtimeId, 'healthy');
  await expect.poll(() => isKept(runtimeId)).toBe(true);
  expect(await statusOf(runtimeId)).toMatchObject({ health: 'ok', state: 'running' });
  return runtimeId;
}

async function isKept(runtimeId: string): Promise<boolean> {
  const before = reads;
  await statusOf(runtimeId);
  return reads === before;
}

test('a runtime is read once and then answered without SQL', async () => {
  const runtimeId = await onBoard('quiet');
  reads = 0;
  for (let call = 0; call < 50; call += 1) await statusOf(runtimeId);
  expect(reads).toBe(0);
});

test('a change of status is answered as soon as it is announced', async () => {
  const runtimeId = await onBoard('falls-ill');
  await seen(runtimeId, 'unhealthy');
  await expect.poll(async () => (await statusOf(runtimeId))?.health).toBe('critical');
});

test('so are other pods without another status, which write no event', async () => {
  const runtimeId = await onBoard('one-pod-less');
  await seen(runtimeId, 'healthy', 1);
  const ready = async () => (await statusOf(runtimeId))?.signals['ready_pods']?.value;
  await expect.poll(ready).toBe(1);
});

test('so are other signals, whoever writes them', async () => {
  const runtimeId = await onBoard('busy-cpu');
  const cpu = { cpu_milli: { value: 250, unit: 'milli', ts: '2026-11-21T10:00:00.000Z' } };
  await acme()
    .updateTable('runtime_health')
    .set({ signals: JSON.stringify(cpu) })
    .where('runtime_id', '=', runtimeId)
    .execute();
  await expect.poll(async () => (await statusOf(runtimeId))?.signals).toMatchObject(cpu);
});

test('so is another phase', async () => {
  const runtimeId = await onBoard('deleted');
  await acme().updateTable('runtimes').set({ phase: 'deleting' }).where('id', '=', runtimeId).execute();
  await expect.poll(async () => (await statusOf(runtimeId))?.state).toBe('deleting');
});

test('a detached observer makes it unknown and says who did that', async () => {
  const runtimeId = await onBoard('left-alone');
  const detached = JSON.stringify({ by: 'Ada', at: '2026-11-21T10:00:00.000Z' });
  await acme()
    .updateTable('runtimes')
    .set({ observer_detached: detached })
    .where('id', '=', runtimeId)
    .execute();
  await expect.poll(async () => (await statusOf(runtimeId))?.health).toBe('unknown');
  const { reason, signals } = (await statusOf(runtimeId)) ?? {};
  expect(reason).toContain('Ada detached the observer');
  expect(signals).toEqual({});
});

test('a runtime on the board is not there for another tenant', async () => {
  const runtimeId = await onBoard('only-acme');
  expect(await statusOf(runtimeId, 'globex')).toBeUndefined();
  expect(await statusOf(runtimeId)).toBeDefined();
});

test('what is on the board becomes unknown when the observer goes blind, without SQL', async () => {
  const runtimeId = await onBoard('unseen');
  await beat(two.db, 60);
  const before = reads;
  await expect.poll(async () => (await statusOf(runtimeId))?.health).toBe('unknown');
  expect((await statusOf(runtimeId))?.reason).toMatch(/last heard the cluster 6\d s ago/);
  await beat(two.db, 0);
  await expect.poll(async () => (await statusOf(runtimeId))?.health).toBe('ok');
  expect(reads).toBe(before);
});

test('a reading under way while a change is announced is not kept', async () => {
  const runtimeId = await onBoard('raced');
  const late = new LateRows();
  const database = { forTenant: (tenantId: string) => two.db.forTenant(tenantId).withPlugin(late) };
  const slowBoard = new StatusBoard({ database, changes, maxAgeSeconds: 15 });
  const health = async () =>
    (await slowBoard.read({ tenantId: 'acme', runtimeId, sees: () => true }))?.health;
  const reading = health();
  await late.read;
  await seen(runtimeId, 'unhealthy');
  await expect.poll(async () => (await statusOf(runtimeId))?.health).toBe('critical');
  late.handOver();
  expect(await reading).toBe('ok');
  expect(await health()).toBe('critical');
});

test('with the listening connection broken every answer is read, and nothing stays stale afterwards', async () => {
  const runtimeId = await onBoard('unheard');
  proxy.cut();
  await expect.poll(() => changes.hearsNow()).toBe(false);
  expect(await isKept(runtimeId)).toBe(false);
  await seen(runtimeId, 'degraded');
  expect(await statusOf(runtimeId)).toMatchObject({ health: 'warning' });
  proxy.mend();
  await expect.poll(() => changes.hearsNow()).toBe(true);
  expect(await statusOf(runtimeId)).toMatchObject({ health: 'warning' });
});

test('on a line that went silent nothing is answered from memory after a second', async () => {
  const runtimeId = await onBoard('silent-line');
  proxy.stall();
  await seen(runtimeId, 'stopped');
  await expect
    .poll(async () => (await statusOf(runtimeId))?.health_status, { timeout: 1500 })
    .toBe('stopped');
  proxy.mend();
});

test('an event of the runtime makes it read again', async () => {
  const runtimeId = await onBoard('eventful');
  const event = { type: 'test.tick', severity: 'info', actor: 'system', message: 'tick' } as const;
  await appendEvent(acme(), { ...event, runtimeId });
  await expect.poll(() => isKept(runtimeId), { interval: 1 }).toBe(false);
});

test('a missing runtime is looked for each time', async () => {
  expect(await statusOf('rt_nowhere')).toBeUndefined();
  expect(await isKept('rt_nowhere')).toBe(false);
});

test('the announcement of a beat carries its age by the clock of the database', async () => {
  await withClient(two.database.appUrl, async client => {
    const heard = new Promise<string>(resolve =>
      client.once('notification', ({ payload = '' }) => resolve(payload)),
    );
    await client.query('listen runtimeai_beats');
    await beat(two.db, 7);
    const { ageSeconds } = JSON.parse(await heard) as { ageSeconds: number };
    expect(ageSeconds).toBeGreaterThanOrEqual(7);
    expect(ageSeconds).toBeLessThan(10);
  });
});

/** Keeps rows back that have been read, until told to hand them over. */
class LateRows implements KyselyPlugin {
  readonly #read = Promise.withResolvers<void>();
  readonly #gate = Promise.withResolvers<void>();
  readonly read = this.#read.promise;

  handOver(): void {
    this.#gate.resolve();
  }

  transformQuery({ node }: PluginTransformQueryArgs) {
    return node;
  }

  async transformResult({ result }: PluginTransformResultArgs) {
    this.#read.resolve();
    await this.#gate.promise;
    return result;
  }
}
