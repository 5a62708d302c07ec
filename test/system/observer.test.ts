import type { ChildProcess } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createRecordActivities } from '../../activities/records.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import { listEvents } from '../../db/events.ts';
import { observerAgeSeconds } from '../../db/health.ts';
import { findRuntimeStatus } from '../../db/runtime-status.ts';
import { DEFAULT_SLOT_QUOTA } from '../../process/config.ts';
import { agentDeployment, removeNamespace, testCluster, testNamespace } from '../kubernetes/cluster.ts';
import { firstDeploy, type TwoTenants, twoTenants } from '../tenants.ts';
import { until } from '../until.ts';
import { endProcess as end, type ObserverProcess, startObserverProcess } from './observer-process.ts';

const MAX_AGE_SECONDS = 6;

let client: KubernetesClient;
let two: TwoTenants;
let namespace: string;
let runtimeId: string;
const observers: ChildProcess[] = [];

beforeAll(async () => {
  client = await testCluster();
  two = await twoTenants();
  namespace = await testNamespace(client);
  // The observer learns the tenants there are from the namespaces of their projects.
  const reference = { apiVersion: 'v1', kind: 'Namespace', name: namespace };
  await client.patch(reference, { metadata: { labels: { 'runtimeai.dev/tenant': 'acme' } } });
  const deploy = firstDeploy();
  runtimeId = deploy.runtimeId;
  await createRecordActivities({
    db: two.db,
    governance: GOVERNANCE,
    defaultQuota: DEFAULT_SLOT_QUOTA,
  }).admitDeployment(deploy);
});

afterEach(async () => {
  for (const observer of observers.splice(0)) await end(observer, 'SIGKILL');
});

afterAll(async () => {
  await removeNamespace(client, namespace);
  client.connection.close();
  await two.close();
});

const GOVERNANCE = {
  llmApiBaseUrl: 'http://llm.test',
  guardrailsApiUrl: 'http://guardrails.test',
  sandboxApiUrl: 'http://sandbox.test',
  dataAccessApiUrl: 'http://data.test',
  otelExporterOtlpEndpoint: 'http://otel.test',
};

function startObserver(): Promise<ObserverProcess> {
  const options = { databaseUrl: two.database.appUrl, maxAgeSeconds: MAX_AGE_SECONDS };
  return startObserverProcess(options, child => observers.push(child));
}

async function health(): Promise<string | undefined> {
  const status = await findRuntimeStatus(two.db.forTenant('acme'), {
    runtimeId,
    maxAgeSeconds: MAX_AGE_SECONDS,
  });
  return status?.health_status;
}

async function becomes(status: string, seconds = 10): Promise<void> {
  let last: string | undefined;
  await until(
    `the health is ${status}`,
    async () => {
      last = await health();
      return last === status;
    },
    seconds,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}; it is ${last}`);
  });
}

function deploy(version: string, operationId = 'op_1'): Promise<unknown> {
  const image = `runtimeai.dev/sample-agent:${version}`;
  return client.apply(agentDeployment({ namespace, runtimeId, operationId, image }), { force: true });
}

describe('the observer', () => {
  it('keeps health, forgets it when it is killed, and is right again when it comes back', async () => {
    const first = await startObserver();
    await deploy('1.0.0');
    await becomes('healthy');
    await until('it is ready', async () => (await fetch(`${first.url}/ready`)).status === 200, 20);
    const metrics = await (await fetch(`${first.url}/metrics`)).text();
    expect(metrics).toMatch(
      /runtimeai_observer_objects\{kind="Pod",process="observer"\} ([2-9]|[1-9][0-9]+)\n/,
    );
    expect(metrics).toMatch(/runtimeai_observer_transitions_total\{status="healthy",process="observer"\} 1/);

    await end(first.process, 'SIGKILL');
    await becomes('unknown', MAX_AGE_SECONDS + 4);
    await client.delete({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'agent' });

    const second = await startObserver();
    await until('it hears the cluster', async () => ((await observerAgeSeconds(two.db)) ?? 99) < 3, 20);
    await until('what was healthy is known to be gone', async () =>
      (await eventTypes()).includes('health.unknown'),
    );
    expect(await health()).toBe('unknown');
    await deploy('1.1.0', 'op_2');
    await becomes('healthy');
    expect(await end(second.process, 'SIGTERM')).toBe(0);
  });

  it('writes an event for a change of status and for nothing else', async () => {
    const before = (await eventTypes()).length;
    await startObserver();
    await becomes('healthy');
    await deploy('1.2.0-never-ready', 'op_3');
    await becomes('degraded');
    await deploy('1.1.0', 'op_4');
    await becomes('healthy');
    expect((await eventTypes()).slice(before)).toEqual(['health.degraded', 'health.healthy']);
  });
});

async function eventTypes(): Promise<string[]> {
  const events = await listEvents(two.db.forTenant('acme'), { runtimeId, limit: 100 });
  return events.map(event => event.type).filter(type => type.startsWith('health.'));
}
