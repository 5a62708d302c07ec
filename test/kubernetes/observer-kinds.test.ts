import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HealthView } from '../../adapters/adapter.ts';
import { connectKubernetes } from '../../clients/kubernetes/connection.ts';
import { declareKind } from '../../clients/kubernetes/kinds.ts';
import { fieldsOf, type KubernetesObject } from '../../clients/kubernetes/objects.ts';
import { createKubernetesClient, type KubernetesClient } from '../../clients/kubernetes/requests.ts';
import { type ClusterWatch, startClusterWatch } from '../../workers/observer/cluster-watch.ts';
import { judgeRuntime } from '../../workers/observer/judging.ts';
import { health as sampleHealth } from '../adapters/sample-adapter/health.ts';
import type { RequestGate } from '../fakes/request-gate.ts';
import { gatedWay, type Way } from '../system/ways-to-the-cluster.ts';
import { until } from '../until.ts';
import { agentDeployment, removeNamespace, testCluster, testNamespace } from './cluster.ts';

const GROUP = `gadgets-${randomBytes(3).toString('hex')}.test`;
const GADGET = { apiVersion: `${GROUP}/v1`, kind: 'Gadget' };
const DEFINITION = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  name: `gadgets.${GROUP}`,
};
const MAX_AGE_SECONDS = 6;

/** A gadget is healthy when it says so. */
const gadgetHealth: HealthView = {
  kinds: [GADGET],
  keep: ({ apiVersion, kind, metadata, spec }) => {
    if (fieldsOf(spec)['poison'] === true) throw new Error('poison');
    return { apiVersion, kind, metadata: { name: metadata.name }, spec };
  },
  judge: ({ objects }) => {
    const well = fieldsOf(objects[0]?.['spec'])['well'] === true;
    const counts = { readyPods: 0, totalPods: 0, readyReplicas: well ? 1 : 0, desiredReplicas: 1 };
    return { ...counts, status: well ? 'healthy' : 'unhealthy', reason: `${objects.length} gadgets` };
  },
};
const views = new Map([
  ['gadget', gadgetHealth],
  ['sample', sampleHealth],
]);

let client: KubernetesClient;
let gated: KubernetesClient;
let way: Way<RequestGate>;
let watch: ClusterWatch;
let namespace: string;
const troubles: string[] = [];
const states: string[] = [];

beforeAll(async () => {
  declareKind({ ...GADGET, plural: 'gadgets' });
  client = await testCluster();
  namespace = await testNamespace(client);
  way = await gatedWay();
  gated = createKubernetesClient(await connectKubernetes({ kubeconfig: way.kubeconfig }));
  watch = startClusterWatch({
    connection: gated.connection,
    views,
    maxAgeSeconds: MAX_AGE_SECONDS,
    onChange: () => undefined,
    onTrouble: (kind, { reason }) => troubles.push(`${kind}: ${reason}`),
    onKind: (kind, state) => states.push(`${kind} ${state}`),
  });
  await watch.listed;
});

afterAll(async () => {
  await watch.stop();
  await client.delete(DEFINITION);
  await removeNamespace(client, namespace);
  gated.connection.close();
  client.connection.close();
  await way.close();
});

const judge = (runtimeId: string, adapter: string) =>
  judgeRuntime({
    adapter,
    view: views.get(adapter),
    sight: watch.sight(adapter),
    seen: watch.facts.seen(runtimeId, adapter),
  });

const becomes = (status: string, runtimeId: string, adapter = 'gadget') =>
  until(`${runtimeId} is ${status}`, () => judge(runtimeId, adapter).status === status, 30);

function gadget(runtimeId: string, spec: object): Promise<KubernetesObject> {
  const labels = { 'runtimeai.dev/runtime': runtimeId, 'runtimeai.dev/tenant': 'acme' };
  const name = runtimeId.replaceAll('_', '-');
  return client.apply({ ...GADGET, metadata: { name, namespace, labels }, spec }, { force: true });
}

async function installGadgets(): Promise<void> {
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const names = { kind: GADGET.kind, plural: 'gadgets', singular: 'gadget' };
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } };
  const { name, ...kind } = DEFINITION;
  const spec = { group: GROUP, scope: 'Namespaced', names, versions: [version] };
  await client.create({ ...kind, metadata: { name }, spec });
  await until('gadgets can be made', () => gadget('rt_first', { well: true }).then(Boolean, () => false));
}

const isFollowed = () => watch.kinds().some(({ kind }) => kind === `Gadget.${GROUP}`);

describe('kinds that adapters name', () => {
  it('are no trouble while they are not installed', async () => {
    await until('it is known that there are no gadgets', () => watch.sight('gadget').is === 'clear');
    expect(states).toEqual([`Gadget.${GROUP} not_installed`]);
    expect(isFollowed()).toBe(false);
    expect(troubles).toEqual([]);
  });

  it('are followed when they are installed later', async () => {
    await installGadgets();
    await becomes('healthy', 'rt_first');
    expect(isFollowed()).toBe(true);
    await gadget('rt_first', { well: false });
    await becomes('unhealthy', 'rt_first');
  });

  it('do not fall silent because an adapter stumbles over one object', async () => {
    await gadget('rt_poisoned', { poison: true });
    await becomes('unknown', 'rt_poisoned');
    expect(judge('rt_poisoned', 'gadget').reason).toBe('gadget cannot read Gadget rt-poisoned: poison');
    await gadget('rt_first', { well: true });
    await becomes('healthy', 'rt_first');
  });

  it('are judged by the adapter of the runtime where several name the same kind', async () => {
    const runtimeId = 'rt_sample';
    const image = 'runtimeai.dev/sample-agent:1.0.0';
    await client.apply(agentDeployment({ namespace, runtimeId, operationId: 'op_1', image, replicas: 1 }));
    await becomes('healthy', runtimeId, 'sample');
    expect(judge(runtimeId, 'sample')).toMatchObject({ readyReplicas: 1, reason: '1 of 1 pods are ready' });
    expect(watch.facts.seen(runtimeId, 'gadget').objects).toEqual([]);
  });

  it('make only those blind who are made of them when they fall silent', async () => {
    const hold = way.control.hold(({ path }) => path.includes(GROUP));
    await becomes('unknown', 'rt_first');
    expect(judge('rt_first', 'gadget').reason).toContain(`not heard of Gadget (${GROUP}/v1)`);
    expect(judge('rt_sample', 'sample').status).toBe('healthy');
    expect(watch.ageSeconds()).toBeLessThan(MAX_AGE_SECONDS);
    hold.release();
    await becomes('healthy', 'rt_first');
  });

  it('take what they had with them when they are removed', async () => {
    await client.delete(DEFINITION);
    await until('they are not followed any more', () => !isFollowed(), 30);
    expect(watch.sight('gadget').is).toBe('clear');
    expect(judge('rt_first', 'gadget')).toMatchObject({ status: 'unhealthy', reason: '0 gadgets' });
  });
});
