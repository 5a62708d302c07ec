import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KubernetesError } from '../clients/kubernetes/errors.ts';
import type { KubernetesObject } from '../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../clients/kubernetes/requests.ts';
import type { Evidence, ReleaseTarget } from '../domain/deployment.ts';
import { agentDeployment, removeNamespace, testCluster, testNamespace } from '../test/kubernetes/cluster.ts';
import { until } from '../test/until.ts';
import { createEvidenceActivities, type EvidenceDependencies } from './evidence.ts';

type Reader = EvidenceDependencies['kubernetes'];

const TARGET: ReleaseTarget = {
  runtimeId: 'rt_1',
  runtimeName: 'agent',
  tenantId: 'acme',
  project: 'default',
  environment: 'development',
  namespace: 'ns',
  release: 'agent',
};

async function collect(kubernetes: Reader, target = TARGET, reason = 'not healthy within 10 s') {
  const kept: Evidence[] = [];
  const { collectEvidence } = createEvidenceActivities({
    kubernetes,
    storeEvidence: async ({ evidence }) => void kept.push(evidence),
  });
  const answer: { reason: string } = await new MockActivityEnvironment().run(collectEvidence, {
    target,
    deploymentId: 'dep_1',
    reason,
  });
  const [evidence] = kept;
  if (evidence === undefined) throw new Error('no evidence was kept');
  return { ...answer, evidence };
}

describe('collectEvidence on simulated nodes', () => {
  let client: KubernetesClient;
  const namespaces: string[] = [];

  beforeAll(async () => {
    client = await testCluster();
  });

  afterAll(async () => {
    for (const namespace of namespaces) await removeNamespace(client, namespace);
    client.connection.close();
  });

  async function deploy(version: string): Promise<ReleaseTarget> {
    const namespace = await testNamespace(client);
    namespaces.push(namespace);
    const runtimeId = `rt_${namespace}`;
    const image = `runtimeai.dev/sample-agent:${version}`;
    await client.apply(agentDeployment({ namespace, runtimeId, operationId: 'op_1', image }));
    return { ...TARGET, namespace, runtimeId };
  }

  it('keeps the failed probe and says that simulated containers write no log', async () => {
    const target = await deploy('1.0.0-never-ready');
    await until('the probes have failed', async () => {
      const events = await client.list({ apiVersion: 'v1', kind: 'Event', namespace: target.namespace });
      return events.filter(event => event['reason'] === 'Unhealthy').length >= 2;
    });
    const { reason, evidence } = await collect(client, target);
    expect(reason).toBe('2 of 2 pods never became ready: readiness probe /ready answered 503');
    expect(evidence.pods).toHaveLength(2);
    expect(evidence.pods[0]?.failed_probe).toBe(
      'Readiness probe failed: HTTP probe failed with statuscode: 503',
    );
    expect(evidence.pods[0]?.logs_unavailable).toMatch(/^node simulated-\d+ is simulated/);
    expect(evidence.events.map(event => event.reason)).toContain('ScalingReplicaSet');
  });

  it('says why no pod could be created', async () => {
    const namespace = await testNamespace(client);
    namespaces.push(namespace);
    const metadata = { name: 'tight', namespace };
    await client.create({ apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard: { pods: '0' } } });
    const runtimeId = `rt_${namespace}`;
    await client.apply(agentDeployment({ namespace, runtimeId, operationId: 'op_1', image: 'x/y:1.0.0' }));
    await until('the refusal is an event', async () => {
      const events = await client.list({ apiVersion: 'v1', kind: 'Event', namespace });
      return events.some(event => String(event['message']).includes('exceeded quota'));
    });
    const { reason } = await collect(client, { ...TARGET, namespace, runtimeId });
    expect(reason).toMatch(/^2 of 2 pods could not be created: .*exceeded quota/);
  });

  it('keeps the reason it was given when the cluster shows nothing of the release', async () => {
    const { reason, evidence } = await collect(client, {
      ...TARGET,
      namespace: 'default',
      runtimeId: 'rt_nobody',
    });
    expect(reason).toBe('not healthy within 10 s');
    expect(evidence.pods).toEqual([]);
  });
});

describe('collectEvidence', () => {
  it('reads the log of the instance that crashed, and blanks secrets in it', async () => {
    const asked: unknown[] = [];
    const cluster = fakeCluster(crashedPod(), async options => {
      asked.push(options);
      return 'starting\nconnecting with api_key=abcdef123456\npanic: no model';
    });
    const { reason, evidence } = await collect(cluster);
    expect(asked).toEqual([expect.objectContaining({ container: 'agent', previous: true, tailLines: 30 })]);
    expect(evidence.pods[0]?.logs).toEqual([
      'starting',
      'connecting with api_key=[redacted]',
      'panic: no model',
    ]);
    expect(reason).toBe(
      '1 of 1 pods are not ready: the container ended with exit code 2 (Error), restarted 3 times; last log line: panic: no model',
    );
  });

  it('gives the message of a last log line that is JSON, and keeps the line whole', async () => {
    const line = '{"level":"ERROR","msg":"no model","agent":"a"}';
    const { reason, evidence } = await collect(fakeCluster(crashedPod(), async () => line));
    expect(reason).toMatch(/; last log line: no model$/);
    expect(evidence.pods[0]?.logs).toEqual([line]);
  });

  it('says so when the kubelet refuses the log', async () => {
    const cluster = fakeCluster(crashedPod(), () => {
      throw new KubernetesError('Reading the log: the kubelet is away.', {
        kind: 'server',
        retryable: true,
        reason: 'x',
      });
    });
    const { evidence } = await collect(cluster);
    expect(evidence.pods[0]).toMatchObject({
      logs: [],
      logs_unavailable: 'Reading the log: the kubelet is away.',
    });
  });

  it('keeps at most 64 KiB, the newest lines first', async () => {
    const lines = Array.from({ length: 30 }, (_, index) => `${index} ${'ä'.repeat(480)}`);
    const pods = Array.from({ length: 5 }, (_, index) => crashedPod(`agent-${index}`));
    const { evidence } = await collect(fakeCluster(pods, async () => lines.join('\n')));
    expect(Buffer.byteLength(JSON.stringify(evidence))).toBeLessThanOrEqual(64 * 1024);
    expect(evidence.pods[0]?.logs.at(-1)).toMatch(/^29 /);
  });
});

function crashedPod(name = 'agent-1'): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'ns', uid: name },
    spec: { nodeName: 'real', containers: [{ name: 'agent' }] },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z' }],
      containerStatuses: [
        {
          name: 'agent',
          ready: false,
          restartCount: 3,
          containerID: 'containerd://1',
          state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
          lastState: { terminated: { exitCode: 2, reason: 'Error', finishedAt: '2026-01-01T00:00:05Z' } },
        },
      ],
    },
  };
}

function fakeCluster(
  pods: KubernetesObject | readonly KubernetesObject[],
  readLog: Reader['readLog'],
): Reader {
  return {
    get: async () => undefined,
    list: async ({ kind }) => (kind === 'Pod' ? [pods].flat() : []),
    readLog,
  };
}
