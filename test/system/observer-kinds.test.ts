import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RuntimeAdapter } from '../../adapters/adapter.ts';
import { createSandboxAdapter } from '../../adapters/sandbox/adapter.ts';
import { createVmAdapter } from '../../adapters/vm/adapter.ts';
import { VM_DEFAULTS } from '../../adapters/vm/settings.ts';
import type { ObjectReference } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import { listEvents } from '../../db/events.ts';
import { findRuntimeStatus } from '../../db/runtime-status.ts';
import type { Desired } from '../../domain/change.ts';
import type { HealthStatus } from '../../domain/health.ts';
import { LAB_SETTINGS, sandboxSpec } from '../adapters/sandbox-suite.ts';
import { insertRuntime } from '../builders/runtime-rows.ts';
import { sandboxStep } from '../builders/sandbox-step.ts';
import { agentDeployment, removeNamespace, testCluster, testNamespace } from '../kubernetes/cluster.ts';
import { type TwoTenants, twoTenants } from '../tenants.ts';
import { until } from '../until.ts';
import { endProcess, startObserverProcess } from './observer-process.ts';

const MAX_AGE_SECONDS = 6;

let client: KubernetesClient;
let two: TwoTenants;
let namespace: string;
let observer: ChildProcess | undefined;

beforeAll(async () => {
  client = await testCluster();
  two = await twoTenants();
  namespace = await testNamespace(client);
  await startObserverProcess(
    {
      databaseUrl: two.database.appUrl,
      maxAgeSeconds: MAX_AGE_SECONDS,
      more: { RUNTIMEAI_ADAPTERS: './test/adapters/sample-adapter/index.ts' },
    },
    child => {
      observer = child;
    },
  );
});

afterAll(async () => {
  if (observer) await endProcess(observer, 'SIGKILL');
  await removeNamespace(client, namespace);
  client.connection.close();
  await two.close();
});

const acme = () => two.db.forTenant('acme');

/** A runtime that is deployed and belongs to this adapter. */
async function runtimeOf(backend: string): Promise<string> {
  const runtimeId = await insertRuntime(two.db, { tenantId: 'acme', name: `of-${backend}` });
  await set(runtimeId, { backend });
  return runtimeId;
}

function set(
  runtimeId: string,
  change: { backend?: string; phase?: 'deleted'; observer_detached?: string | null },
) {
  return acme().updateTable('runtimes').set(change).where('id', '=', runtimeId).execute();
}

const statusOf = (runtimeId: string) =>
  findRuntimeStatus(acme(), { runtimeId, maxAgeSeconds: MAX_AGE_SECONDS });

async function becomes(runtimeId: string, status: HealthStatus) {
  let last: unknown;
  await until(
    `it is ${status}`,
    async () => {
      const now = await statusOf(runtimeId);
      last = `${now?.health_status}: ${now?.reason}`;
      return now?.health_status === status;
    },
    20,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}; it is ${last}`);
  });
  return statusOf(runtimeId);
}

async function healthEvents(runtimeId: string): Promise<string[]> {
  const events = await listEvents(acme(), { runtimeId, limit: 100 });
  return events.map(({ type }) => type);
}

const labelsOf = (runtimeId: string) => ({
  'runtimeai.dev/runtime': runtimeId,
  'runtimeai.dev/tenant': 'acme',
});

/** Makes a runtime by its own adapter, past every workflow; answers the object it is made of. */
async function make(
  adapter: RuntimeAdapter,
  runtimeId: string,
  { spec, power }: Desired,
): Promise<readonly ObjectReference[]> {
  const step = sandboxStep(spec, { power });
  const target = { ...step.target, runtimeId, namespace, release: adapter.name };
  const call = { base: {}, signal: new AbortController().signal };
  await adapter.apply({ ...step, target: { ...target, type: adapter.type, backend: adapter.name } }, call);
  return adapter.health.kinds.map(kind => ({ ...kind, namespace, name: adapter.name }));
}

function deployAgent(runtimeId: string, version = '1.0.0') {
  const image = `runtimeai.dev/sample-agent:${version}`;
  const replicas = 1;
  return client.apply(agentDeployment({ namespace, runtimeId, operationId: 'op_1', image, replicas }), {
    force: true,
  });
}

const agentReference = () => ({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'agent' });

describe('the observer of every kind', () => {
  it.each([
    [
      'virtual machine',
      () => createVmAdapter({ kubernetes: client, settings: VM_DEFAULTS }),
      { spec: { size: 'small', vm: { image: 'registry.example.com/disks/tried:1.0' } }, power: 'stopped' },
      'stopped',
      'its VirtualMachine does not exist',
    ],
    [
      'sandbox',
      () => createSandboxAdapter({ kubernetes: client, settings: LAB_SETTINGS }),
      { spec: sandboxSpec(), power: 'running' },
      'healthy',
      'its Sandbox is gone: somebody deleted it',
    ],
  ] satisfies readonly (readonly [string, () => RuntimeAdapter, Desired, HealthStatus, string])[])(
    'judges a %s by its adapter, and says it when it is deleted behind our back',
    async (_, adapterOf, desired, status, gone) => {
      const adapter = adapterOf();
      const runtimeId = await runtimeOf(adapter.name);
      const objects = await make(adapter, runtimeId, desired);
      const replicas = desired.power === 'running' ? 1 : 0;
      expect((await becomes(runtimeId, status))?.signals).toMatchObject({
        replicas: { value: replicas, unit: 'replicas' },
        ready_replicas: { value: replicas },
        restarts: { value: 0 },
      });
      for (const object of objects) await client.delete(object);
      const { health, reason } = (await becomes(runtimeId, 'unhealthy')) ?? {};
      expect({ health, reason }).toEqual({ health: 'critical', reason: gone });
      const events = await healthEvents(runtimeId);
      expect(events).toContain(`health.${status}`);
      expect(events.at(-1)).toBe('health.unhealthy');
    },
  );

  it('judges runtimes of an adapter from outside, is silent while detached, and writes nothing once deleted', async () => {
    const runtimeId = await runtimeOf('sample');
    await deployAgent(runtimeId);
    const healthy = await becomes(runtimeId, 'healthy');
    expect(healthy).toMatchObject({
      reason: '1 of 1 pods are ready',
      signals: { ready_ratio: { value: 1 }, restarts: { value: 0 }, ready_replicas: { value: 1 } },
    });
    expect(Object.keys(healthy?.signals ?? {})).not.toContain('cpu');

    await set(runtimeId, { observer_detached: JSON.stringify({ by: 'Ada', at: new Date().toISOString() }) });
    await client.delete(agentReference());
    await until('its pods are gone', async () => {
      const labelSelector = `runtimeai.dev/runtime=${runtimeId}`;
      const pods = await client.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector });
      return pods.length === 0;
    });
    expect(await statusOf(runtimeId)).toMatchObject({
      health: 'unknown',
      reason: expect.stringContaining('Ada detached the observer'),
    });
    expect(await healthEvents(runtimeId)).toEqual(['health.healthy']);

    await set(runtimeId, { observer_detached: null });
    expect((await becomes(runtimeId, 'unhealthy'))?.reason).toContain('deleted');
    expect(await healthEvents(runtimeId)).toEqual(['health.healthy', 'health.unhealthy']);

    await set(runtimeId, { phase: 'deleted' });
    await deployAgent(runtimeId);
    const witness = await runtimeOf('agent-runtime');
    await client.apply({
      ...agentDeployment({ namespace, runtimeId: witness, operationId: 'op_2', image: 'x:1', replicas: 0 }),
      metadata: { name: 'witness', namespace, labels: labelsOf(witness) },
    });
    await becomes(witness, 'stopped');
    expect(await healthEvents(runtimeId)).toEqual(['health.healthy', 'health.unhealthy']);
  });
});
