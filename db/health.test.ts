import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRecordActivities } from '../activities/records.ts';
import type { Health, WorkloadFacts } from '../domain/health.ts';
import { firstDeploy, type TwoTenants, twoTenants } from '../test/tenants.ts';
import { listEvents } from './events.ts';
import { beat, observerAgeSeconds, saveHealth } from './health.ts';
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
  const facts: WorkloadFacts = {
    runtimeId,
    tenantId: 'acme',
    namespace: 'rtai-acme--default',
    name: 'x',
    operationId: 'op_x',
    generation: 1,
    observedGeneration: 1,
    desiredReplicas: 2,
    replicas: 2,
    updatedReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
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
    expect(await saveHealth(acme(), observed(runtimeId, 'healthy'))).toBe(true);
    expect(await saveHealth(acme(), observed(runtimeId, 'healthy'))).toBe(false);
    expect(await saveHealth(acme(), observed(runtimeId, 'unhealthy'))).toBe(true);
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
    expect(await saveHealth(two.db.forTenant('globex'), observed(runtimeId, 'unhealthy'))).toBe(false);
    expect(await saveHealth(acme(), observed('rt_nowhere', 'unhealthy'))).toBe(false);
    expect(await findRuntimeStatus(two.db.forTenant('globex'), { runtimeId, maxAgeSeconds })).toBeUndefined();
  });
});
