import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fieldsOf, type KubernetesObject, listOf, textOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import { observePod } from '../../clients/kubernetes/workloads.ts';
import type { PodFacts } from '../../domain/health.ts';
import { startUsage, type UsageReading } from '../../workers/observer/usage.ts';
import { hasRealNode } from '../system/system.ts';
import { until } from '../until.ts';
import { removeNamespace, testCluster, testNamespace } from './cluster.ts';

const isReal = hasRealNode();
if (!isReal) console.log('skipped: the lab has no real node here (it needs root, containerd and runc)');

let client: KubernetesClient;
let namespace: string;
let usage: UsageReading | undefined;
const told: string[] = [];

beforeAll(async () => {
  client = await testCluster();
  namespace = await testNamespace(client);
});

afterAll(async () => {
  await usage?.stop();
  await removeNamespace(client, namespace);
  client.connection.close();
});

/** A pod of the sample agent, running. */
async function runningPod(name: string, node: 'real' | 'simulated'): Promise<PodFacts> {
  await client.create(podOn(name, node));
  let pod: KubernetesObject | undefined;
  await until(
    `${name} runs`,
    async () => {
      pod = await client.get({ apiVersion: 'v1', kind: 'Pod', namespace, name });
      const containers = listOf(fieldsOf(pod?.['status'])['containerStatuses']);
      return containers.some(one => fieldsOf(one['state'])['running'] !== undefined);
    },
    40,
  );
  if (pod === undefined) throw new Error(`there is no pod ${name}`);
  return observePod(pod).facts;
}

function podOn(name: string, node: 'real' | 'simulated'): KubernetesObject {
  const labels = { 'runtimeai.dev/runtime': `rt_${namespace}` };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels },
    spec: {
      nodeSelector: { 'runtimeai.dev/node-kind': node },
      ...(node === 'simulated' && { tolerations: [{ key: 'runtimeai.dev/simulated', operator: 'Exists' }] }),
      dnsPolicy: 'Default',
      containers: [{ name: 'agent', image: 'runtimeai.dev/sample-agent:1.0.0', imagePullPolicy: 'Never' }],
    },
  };
}

function read(pods: readonly PodFacts[], fromNodes = true): UsageReading {
  return startUsage({
    connection: client.connection,
    fromNodes,
    nodes: () => new Set(pods.map(({ nodeName = '' }) => nodeName)),
    onRead: () => undefined,
    log: { info: (_, message) => void told.push(message) },
    everySeconds: 2,
  });
}

describe('what pods use', () => {
  it.skipIf(!isReal)(
    'is read from the kubelet of the real node, and not made up for a simulated one',
    async () => {
      const [real, simulated] = [
        await runningPod('real', 'real'),
        await runningPod('pretended', 'simulated'),
      ];
      usage = read([real, simulated]);
      let seen = usage.of(namespace, [real]);
      await until(
        'CPU and memory of the real pod are known',
        () => {
          seen = usage?.of(namespace, [real]) ?? {};
          return seen.cpuCores !== undefined && (seen.memoryMiB ?? 0) > 0;
        },
        60,
      );
      console.log(`the pod on ${textOf(real.nodeName)} uses ${JSON.stringify(seen)}`);
      expect(seen.memoryMiB).toBeLessThan(500);
      expect(seen.cpuCores).toBeLessThan(4);
      expect(usage.of(namespace, [simulated])).toEqual({});
      expect(usage.of(namespace, [real, simulated])).toEqual({});
      await usage.stop();
    },
  );

  it('is unknown where neither a metrics API nor the kubelets may be asked', async () => {
    const pod = await runningPod('unasked', 'simulated');
    usage = read([pod], false);
    await until('it was tried', () => told.some(line => line.includes('RUNTIMEAI_NODE_METRICS')));
    expect(usage.of(namespace, [pod])).toEqual({});
  });
});
