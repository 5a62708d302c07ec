import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubernetesClient } from '../clients/kubernetes/requests.ts';
import type { ReleaseTarget } from '../domain/deployment.ts';
import { namespaceOf } from '../domain/rules/slot.ts';
import {
  agentDeployment,
  configMap,
  removeNamespace,
  testCluster,
  testNamespace,
} from '../test/kubernetes/cluster.ts';
import { until } from '../test/until.ts';
import { createSlots } from './slots.ts';

const QUOTA = { cpu: 4, memoryMiB: 4096, pods: 8, storageGiB: 10 };

let client: KubernetesClient;
const made: string[] = [];

beforeAll(async () => {
  client = await testCluster();
});

afterAll(async () => {
  for (const namespace of made) await removeNamespace(client, namespace);
  client.connection.close();
});

function newTarget(): ReleaseTarget {
  const project = `p${Date.now().toString(36)}${made.length}`;
  const namespace = namespaceOf('acme', project);
  made.push(namespace);
  return {
    runtimeId: 'rt_1',
    runtimeName: 'agent',
    tenantId: 'acme',
    project,
    environment: 'development',
    namespace,
    release: 'agent',
  };
}

/** Each call with its own memory, unless one is given. */
function ensureSlot(
  target: ReleaseTarget,
  quota = QUOTA,
  kubernetes: Pick<KubernetesClient, 'get' | 'apply'> = client,
) {
  const { ensureSlot } = createSlots({ kubernetes, log: { info: () => undefined } });
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(ensureSlot, {
    target,
    quota,
  });
}

function counting() {
  let calls = 0;
  const count = <T>(value: T) => {
    calls += 1;
    return value;
  };
  const kubernetes: Pick<KubernetesClient, 'get' | 'apply'> = {
    get: reference => count(client.get(reference)),
    apply: (object, options) => count(client.apply(object, options)),
  };
  return { kubernetes, calls: () => calls };
}

describe('ensureSlot', () => {
  it('makes the namespace with quota, limits, default-deny and restricted pods', async () => {
    const target = newTarget();
    await ensureSlot(target);
    const { namespace } = target;
    const found = await client.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
    expect(found?.metadata.labels).toMatchObject({
      'runtimeai.dev/tenant': 'acme',
      'runtimeai.dev/project': target.project,
      'app.kubernetes.io/managed-by': 'runtimeai',
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/enforce-version': 'latest',
    });
    const quota = await client.get({ apiVersion: 'v1', kind: 'ResourceQuota', namespace, name: 'slot' });
    expect(quota?.['spec']).toEqual({
      hard: { pods: '10', 'requests.cpu': '5', 'requests.memory': '5Gi', 'requests.storage': '10Gi' },
    });
    const policy = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      namespace,
      name: 'default-deny',
    };
    expect((await client.get(policy))?.['spec']).toEqual({
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
    });
    expect(await client.get({ apiVersion: 'v1', kind: 'LimitRange', namespace, name: 'slot' })).toBeDefined();
  });

  it('lets restricted pods in and keeps others out', async () => {
    const target = newTarget();
    await ensureSlot(target);
    const { namespace } = target;
    const deployment = agentDeployment({
      namespace,
      runtimeId: 'rt_1',
      operationId: 'op_1',
      image: 'x/y:1.0.0',
    });
    const template = (deployment['spec'] as { template: { metadata: object; spec: object } }).template;
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'good', namespace }, spec: template.spec };
    await until('the quota and the service account are there', async () => {
      return client.apply(pod, { dryRun: true }).then(
        () => true,
        () => false,
      );
    });
    const spec = { containers: [{ name: 'agent', image: 'x/y:1.0.0' }] };
    const bad = { ...pod, metadata: { name: 'bad', namespace }, spec };
    await expect(client.apply(bad, { dryRun: true })).rejects.toThrow(
      /violates PodSecurity "restricted:latest"/,
    );
  });

  it('repairs what somebody changed, and follows a new quota', async () => {
    const target = newTarget();
    await ensureSlot(target);
    const reference = { apiVersion: 'v1', kind: 'Namespace', name: target.namespace };
    await client.patch(reference, {
      metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } },
    });
    await ensureSlot(target, { ...QUOTA, pods: 20 });
    const labels = (await client.get(reference))?.metadata.labels;
    expect(labels?.['pod-security.kubernetes.io/enforce']).toBe('restricted');
    const { namespace } = target;
    const quota = await client.get({ apiVersion: 'v1', kind: 'ResourceQuota', namespace, name: 'slot' });
    expect(quota?.['spec']).toMatchObject({ hard: { pods: '25' } });
  });

  it('only looks whether a slot it has just confirmed is still there, and makes it once for many who ask at a time', async () => {
    const { kubernetes, calls } = counting();
    const { ensureSlot } = createSlots({ kubernetes, log: { info: () => undefined } });
    const input = { target: newTarget(), quota: QUOTA };
    const run = () =>
      new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(ensureSlot, input);
    await Promise.all([run(), run(), run()]);
    const looks = 2;
    expect(calls()).toBe(5 + looks);
    await run();
    expect(calls()).toBe(6 + looks);
  });

  it('puts a quota back that was changed and changed again within the minute', async () => {
    const { ensureSlot } = createSlots({ kubernetes: client, log: { info: () => undefined } });
    const target = newTarget();
    const give = (pods: number) =>
      new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(ensureSlot, {
        target,
        quota: { ...QUOTA, pods },
      });
    await give(8);
    await Promise.all([give(20), give(8)]);
    const { namespace } = target;
    const quota = await client.get({ apiVersion: 'v1', kind: 'ResourceQuota', namespace, name: 'slot' });
    expect(quota?.['spec']).toMatchObject({ hard: { pods: '10' } });
  });

  it('leaves a namespace alone that is not this tenant’s', async () => {
    const foreign = await testNamespace(client);
    made.push(foreign);
    const error = await ensureSlot({ ...newTarget(), namespace: foreign }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ type: 'slot_foreign', nonRetryable: true });
    const policies = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', namespace: foreign };
    expect(await client.list(policies)).toEqual([]);
  });

  it('says that the namespace is going away, and works again once it is gone', async () => {
    const target = newTarget();
    const { namespace } = target;
    await ensureSlot(target);
    const metadata = { name: 'keeper', namespace, finalizers: ['runtimeai.dev/test'] };
    await client.create({ ...configMap(namespace, 'keeper'), metadata });
    await removeNamespace(client, namespace);
    const error = await ensureSlot(target).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ type: 'slot_terminating', nonRetryable: false });
    const keeper = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'keeper' };
    await client.patch(keeper, { metadata: { finalizers: null } });
    await until(
      'the namespace is gone',
      async () => {
        return (await client.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace })) === undefined;
      },
      30,
    );
    await ensureSlot(target);
  });

  it('makes a slot again that was deleted since it was confirmed', async () => {
    const { ensureSlot } = createSlots({ kubernetes: client, log: { info: () => undefined } });
    const target = newTarget();
    const { namespace } = target;
    const run = () =>
      new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(ensureSlot, {
        target,
        quota: QUOTA,
      });
    const find = () => client.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
    await run();
    await removeNamespace(client, namespace);
    await until('the namespace is gone', async () => (await find()) === undefined, 30);
    await run();
    expect(await find()).toBeDefined();
  });
});
