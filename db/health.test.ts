import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRecordActivities } from '../activities/records.ts';
import type { Health, ObservedFacts } from '../domain/health.ts';
import { firstDeploy, type TwoTenants, twoTenants } from '../test/tenants.ts';
import { listEvents } from './events.ts';
import { beat, listWatchedRuntimes, observerAgeSeconds, saveHealth, saveSignals } from './health.ts';
import { findRuntimeStatus } from './runtime-status.ts';
import { findRuntime, listRuntimes } from './runtimes.ts';

let two: TwoTenants;
beforeAll(async () => {
  two = await twoTenants();
});
afterAll(() => two.close());

const acme = () => two.db.forTenant('acme');
const maxAgeSeconds = 15;
const defaultQuota = { cpu: 16, memoryMiB: 32_768, pods: 50, storageGiB: 100 };

async function deployed(name: string): Promise<string> {
  const records = createRecordActivities({ db: two.db, governance: {}, defaultQuota });
  const deploy = firstDeploy({ name });
  await records.admitDeployment(deploy);
  const end = {
    leaves: 'new',
    outcome: 'succeeded',
    message: 'x',
    step: 1,
    revision: 1,
    verified: true,
  } as const;
  await records.recordOutcome({ ...deploy, ...end });
  return deploy.runtimeId;
}

function observed(runtimeId: string, status: Health['status']) {
  const facts: ObservedFacts = {
    runtimeId,
    tenantId: 'acme',
    namespace: 'rtai-acme--default',
    pods: [],
    observedAt: '2026-11-21T10:00:00.000Z',
  };
  return { runtimeId, health: { status, readyPods: 1, totalPods: 2, reason: `it is ${status}` }, facts };
}

const status = (runtimeId: string) => findRuntimeStatus(acme(), { runtimeId, maxAgeSeconds });
const state = async (runtimeId: string) => (await findRuntime(acme(), { runtimeId, maxAgeSeconds }))?.state;

test('without an observer every health is unknown, and the reason says so', async () => {
  const runtimeId = await deployed('unobserved');
  await saveHealth(acme(), observed(runtimeId, 'healthy'));
  expect(await observerAgeSeconds(two.db)).toBeUndefined();
  expect(await status(runtimeId)).toMatchObject({
    state: 'degraded',
    health: 'unknown',
    health_status: 'unknown',
    reason: 'The observer has not reported yet.',
  });
});

describe('with an observer', () => {
  test.each([
    ['healthy', 'ok', 'running'],
    ['degraded', 'warning', 'degraded'],
    ['unhealthy', 'critical', 'error'],
    ['stopped', 'ok', 'stopped'],
  ] as const)('%s is %s and the runtime %s', async (seen, health, expected) => {
    await beat(two.db, 0);
    const runtimeId = await deployed(`seen-${seen}`);
    await saveHealth(acme(), observed(runtimeId, seen));
    expect(await status(runtimeId)).toMatchObject({
      state: expected,
      health,
      health_status: seen,
      reason: `it is ${seen}`,
      signals: { ready_pods: { value: 1, unit: 'pods' }, total_pods: { value: 2 } },
    });
    const filtered = await listRuntimes(acme(), {
      filter: { state: expected },
      maxAgeSeconds,
      pageSize: 200,
    });
    expect(filtered.items.map(({ id }) => id)).toContain(runtimeId);
    expect(filtered.items.every(item => item.state === expected)).toBe(true);
  });

  test('what was seen stops counting when the observer goes blind, and counts again when it sees', async () => {
    const runtimeId = await deployed('blind');
    await saveHealth(acme(), observed(runtimeId, 'healthy'));
    await beat(two.db, 60);
    expect(await observerAgeSeconds(two.db)).toBeGreaterThanOrEqual(60);
    expect(await state(runtimeId)).toBe('degraded');
    expect((await status(runtimeId))?.reason).toMatch(/last heard the cluster 6\d s ago; older than 15 s/);
    const running = await listRuntimes(acme(), {
      filter: { state: 'running' },
      maxAgeSeconds,
      pageSize: 200,
    });
    expect(running.items).toEqual([]);
    await beat(two.db, 0);
    expect(await state(runtimeId)).toBe('running');
  });
});

describe('saveHealth', () => {
  test('writes an event when the status changes and none when it stays', async () => {
    const runtimeId = await deployed('changing');
    expect(await saveHealth(acme(), observed(runtimeId, 'healthy'))).toBe('changed');
    expect(await saveHealth(acme(), observed(runtimeId, 'healthy'))).toBe('same');
    expect(await saveHealth(acme(), observed(runtimeId, 'unhealthy'))).toBe('changed');
    const events = await listEvents(acme(), { runtimeId, afterSequence: 2, limit: 10 });
    expect(events).toMatchObject([
      { sequence: 3, type: 'health.healthy', severity: 'info', actor: 'system' },
      { sequence: 4, type: 'health.unhealthy', severity: 'critical', message: 'it is unhealthy' },
    ]);
  });

  test('wakes nobody while a rollout is under way', async () => {
    const runtimeId = await deployed('rolling-out');
    const { facts, ...starting } = observed(runtimeId, 'unhealthy');
    await saveHealth(acme(), { ...starting, facts: { ...facts, rollingOut: true } });
    const events = await listEvents(acme(), { runtimeId, afterSequence: 2, limit: 10 });
    expect(events).toMatchObject([{ type: 'health.unhealthy', severity: 'info' }]);
  });

  test('writes nothing for a runtime that is not there or is another tenant’s', async () => {
    const runtimeId = await deployed('not-globex');
    const asGlobex = await saveHealth(two.db.forTenant('globex'), observed(runtimeId, 'unhealthy'));
    expect(asGlobex).toBe('unknown_runtime');
    expect(await saveHealth(acme(), observed('rt_nowhere', 'unhealthy'))).toBe('unknown_runtime');
    expect(await findRuntimeStatus(two.db.forTenant('globex'), { runtimeId, maxAgeSeconds })).toBeUndefined();
  });

  test('wakes nobody either while a runtime of another kind is being changed', async () => {
    const runtimeId = await deployed('being-changed');
    await set(runtimeId, { phase: 'upgrading' });
    await saveHealth(acme(), observed(runtimeId, 'unhealthy'));
    const events = await listEvents(acme(), { runtimeId, afterSequence: 2, limit: 10 });
    expect(events).toMatchObject([{ type: 'health.unhealthy', severity: 'info' }]);
  });

  test.each([
    ['is being deleted', { phase: 'deleting' }, 'left_alone'],
    ['has its observer detached', { observer_detached: JSON.stringify(DETACHED) }, 'left_alone'],
    ['is deleted', { phase: 'deleted' }, 'unknown_runtime'],
  ] as const)('writes neither health nor event of a runtime that %s', async (what, change, answer) => {
    const runtimeId = await deployed(`alone ${what}`.replaceAll(' ', '-'));
    await saveHealth(acme(), observed(runtimeId, 'healthy'));
    await set(runtimeId, change);
    expect(await saveHealth(acme(), observed(runtimeId, 'unhealthy'))).toBe(answer);
    await saveSignals(acme(), [{ runtimeId, signals: CPU }]);
    expect(await kept(runtimeId)).toEqual({ status: 'healthy', signals: {} });
    const events = await listEvents(acme(), { runtimeId, afterSequence: 2, limit: 10 });
    expect(events.map(({ type }) => type)).toEqual(['health.healthy']);
  });
});

describe('signals', () => {
  test('are kept with the judgement, and alone of several runtimes without any event', async () => {
    const [one, other] = [await deployed('signals-one'), await deployed('signals-other')];
    await saveHealth(acme(), { ...observed(one, 'healthy'), signals: CPU, phase: 'Running' });
    await saveHealth(acme(), observed(other, 'healthy'));
    const cpu = { ...CPU.cpu, value: 0.5 };
    const written = [one, other, 'rt_nowhere'].map(runtimeId => ({ runtimeId, signals: { cpu } }));
    await saveSignals(acme(), written);
    for (const id of [one, other]) expect((await kept(id))?.signals).toEqual({ cpu });
    expect((await status(one))?.signals['cpu']).toEqual(cpu);
    expect(await listEvents(acme(), { runtimeId: one, afterSequence: 3, limit: 10 })).toEqual([]);
    await saveSignals(two.db.forTenant('globex'), [{ runtimeId: one, signals: {} }]);
    expect((await kept(one))?.signals).toEqual({ cpu });
  });
});

describe('listWatchedRuntimes', () => {
  test('says which adapter judges a runtime, what is kept of it and whether to leave it alone', async () => {
    const [seen, unseen] = [await deployed('watched'), await deployed('watched-unseen')];
    await saveHealth(acme(), { ...observed(seen, 'degraded'), phase: 'Migrating' });
    await set(unseen, { observer_detached: JSON.stringify(DETACHED) });
    const found = await listWatchedRuntimes(acme(), [seen, unseen, 'rt_nowhere']);
    expect(found.find(({ runtimeId }) => runtimeId === seen)).toEqual({
      runtimeId: seen,
      backend: 'agent-runtime',
      phase: 'deployed',
      leftAlone: false,
      kept: { status: 'degraded', readyPods: 1, totalPods: 2, reason: 'it is degraded', phase: 'Migrating' },
    });
    expect(found.find(({ runtimeId }) => runtimeId === unseen)).toMatchObject({
      leftAlone: true,
      kept: undefined,
    });
    expect(found).toHaveLength(2);
  });

  test('leaves out deleted runtimes and those of another tenant', async () => {
    const [deleted, left] = [await deployed('listed-deleted'), await deployed('listed-left')];
    await set(deleted, { phase: 'deleted' });
    const ids = (await listWatchedRuntimes(acme())).map(({ runtimeId }) => runtimeId);
    expect(ids).toContain(left);
    expect(ids).not.toContain(deleted);
    expect(await listWatchedRuntimes(two.db.forTenant('globex'))).toEqual([]);
  });
});

const DETACHED = { by: 'Ada', at: '2026-11-21T10:00:00.000Z' };
const CPU = { cpu: { value: 0.25, unit: 'cores', ts: '2026-11-21T10:00:00.000Z' } };

type Change =
  | { readonly phase: 'upgrading' | 'deleting' | 'deleted' }
  | { readonly observer_detached: string };

function set(runtimeId: string, change: Change) {
  return acme().updateTable('runtimes').set(change).where('id', '=', runtimeId).execute();
}

function kept(runtimeId: string) {
  return acme()
    .selectFrom('runtime_health')
    .select(['status', 'signals'])
    .where('runtime_id', '=', runtimeId)
    .executeTakeFirst();
}
