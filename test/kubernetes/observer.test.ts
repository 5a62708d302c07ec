import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRolloutActivities, type RolloutQuestion } from '../../activities/rollout.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { RolloutReport } from '../../domain/deployment.ts';
import { judgeHealth } from '../../domain/rules/health.ts';
import { type ClusterWatch, startClusterWatch } from '../../workers/observer/cluster-watch.ts';
import { until } from '../until.ts';
import { agentDeployment, removeNamespace, testCluster, testNamespace } from './cluster.ts';

const IMAGE = 'runtimeai.dev/sample-agent';
const MAX_AGE_SECONDS = 15;

let client: KubernetesClient;
let watch: ClusterWatch;
const namespaces: string[] = [];

beforeAll(async () => {
  client = await testCluster();
  watch = startClusterWatch({
    connection: client.connection,
    maxAgeSeconds: MAX_AGE_SECONDS,
    onChange: () => undefined,
    onTrouble: () => undefined,
  });
  await watch.listed;
});

afterAll(async () => {
  await watch.stop();
  for (const namespace of namespaces) await removeNamespace(client, namespace);
  client.connection.close();
});

/** One runtime in a namespace of its own. */
async function newRuntime() {
  const namespace = await testNamespace(client);
  namespaces.push(namespace);
  const runtimeId = `rt_${namespace}`;
  const deploy = (operationId: string, version: string, replicas = 2) =>
    client.apply(
      agentDeployment({ namespace, runtimeId, operationId, image: `${IMAGE}:${version}`, replicas }),
      {
        force: true,
      },
    );
  const ask = (operationId: string, soakSeconds = 0): RolloutQuestion => ({
    target: {
      runtimeId,
      runtimeName: 'agent',
      tenantId: 'acme',
      project: 'default',
      environment: 'development',
      namespace,
      release: 'agent',
    },
    operationId,
    soakSeconds,
  });
  const health = () => judgeHealth(watch.facts.read(runtimeId));
  return { namespace, runtimeId, deploy, ask, health };
}

function awaitRollout(
  question: RolloutQuestion,
  environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }),
  windowSeconds = 60,
): Promise<RolloutReport> {
  const activities = createRolloutActivities({ facts: watch.facts, maxAgeSeconds: MAX_AGE_SECONDS });
  const until = new Date(Date.now() + windowSeconds * 1000).toISOString();
  return environment.run(activities.awaitRollout, { ...question, until });
}

describe.concurrent('the observer on a real control plane', () => {
  it('sees a rollout become healthy, an upgrade replace it, and a scale to zero end it', async () => {
    const runtime = await newRuntime();
    await runtime.deploy('op_1', '1.0.0');
    expect(await awaitRollout(runtime.ask('op_1'))).toMatchObject({
      status: 'healthy',
      ready_pods: 2,
      total_pods: 2,
    });
    expect(runtime.health()).toMatchObject({ status: 'healthy', readyPods: 2, totalPods: 2 });

    await runtime.deploy('op_2', '1.1.0');
    expect(await awaitRollout(runtime.ask('op_2'))).toMatchObject({ status: 'healthy' });
    const facts = watch.facts.read(runtime.runtimeId);
    const living = facts?.pods.filter(pod => !pod.terminating) ?? [];
    expect(new Set(living.map(pod => pod.templateHash))).toEqual(new Set([facts?.currentTemplateHash]));

    await runtime.deploy('op_3', '1.1.0', 0);
    expect(await awaitRollout(runtime.ask('op_3'))).toMatchObject({ status: 'healthy' });
    expect(runtime.health().status).toBe('stopped');
  });

  it('answers at the end of the window with what is known then', async () => {
    const runtime = await newRuntime();
    await runtime.deploy('op_1', '1.2.0-never-ready');
    const begun = performance.now();
    expect(await awaitRollout(runtime.ask('op_1'), undefined, 2)).toMatchObject({ status: 'progressing' });
    expect(performance.now() - begun).toBeGreaterThan(1900);
  });

  it('waits for the whole soak', async () => {
    const runtime = await newRuntime();
    await runtime.deploy('op_1', '1.0.0');
    await awaitRollout(runtime.ask('op_1'));
    const ready =
      watch.facts.read(runtime.runtimeId)?.pods.map(pod => Date.parse(pod.readySince ?? '')) ?? [];
    await awaitRollout(runtime.ask('op_1', 4));
    expect(Date.now() - Math.max(...ready)).toBeGreaterThanOrEqual(4000);
    expect(Date.now() - Math.max(...ready)).toBeLessThan(6000);
  });

  it('does not take the pods of the version before for those of a change that never becomes ready', async () => {
    const runtime = await newRuntime();
    await runtime.deploy('op_1', '1.0.0');
    await awaitRollout(runtime.ask('op_1'));
    await runtime.deploy('op_2', '1.1.0-never-ready');
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
    const waiting = awaitRollout(runtime.ask('op_2'), environment);
    await until('the new pod is there', () =>
      Boolean(watch.facts.read(runtime.runtimeId)?.pods.some(pod => !pod.ready && pod.phase === 'Running')),
    );
    expect(runtime.health()).toMatchObject({ status: 'degraded', readyPods: 0 });
    const cancelledAt = Date.now();
    environment.cancel('CANCELLED');
    await expect(waiting).rejects.toThrow('CANCELLED');
    expect(Date.now() - cancelledAt).toBeLessThan(500);
  });

  it('gives up on a crash loop long before any deadline', async () => {
    const runtime = await newRuntime();
    await runtime.deploy('op_1', '1.0.0-crashes-after-1s', 1);
    const report = await awaitRollout(runtime.ask('op_1', 30));
    expect(report.status).toBe('failed');
    expect(report.reason).toMatch(/CrashLoopBackOff.*exit code 1.*restarted 2 times/);
  });

  it('says why pods cannot be created', async () => {
    const runtime = await newRuntime();
    await client.create({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'tight', namespace: runtime.namespace },
      spec: { hard: { pods: '1' } },
    });
    await runtime.deploy('op_1', '1.0.0');
    const report = await awaitRollout(runtime.ask('op_1'));
    expect(report).toMatchObject({ status: 'failed' });
    expect(report.reason).toContain('exceeded quota');
  });

  it('hears soon of a Deployment that is gone', async () => {
    const runtime = await newRuntime();
    await runtime.deploy('op_1', '1.0.0', 1);
    await awaitRollout(runtime.ask('op_1'));
    await client.delete({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace: runtime.namespace,
      name: 'agent',
    });
    await until('it is unknown', () => runtime.health().status === 'unknown', 3);
  });
});
