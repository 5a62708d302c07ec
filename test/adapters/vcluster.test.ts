import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createSlots } from '../../activities/slots.ts';
import type { RuntimeAdapter } from '../../adapters/adapter.ts';
import { AdapterFailure } from '../../adapters/failure.ts';
import { fieldsOf, type KubernetesObject, listOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { RuntimeTarget } from '../../domain/change.ts';
import { newId } from '../../domain/ids.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { ROOMY } from '../builders/slot-quota.ts';
import { testCluster } from '../kubernetes/cluster.ts';
import { until } from '../until.ts';
import { Walker } from './conformance/walker.ts';
import { silent } from './fake-tools.ts';
import { syncedPod, vclusterAdapter } from './vcluster-under-test.ts';

const SMALL: RuntimeSpec = { size: 'small' };
const LARGE: RuntimeSpec = { size: 'large' };

let kubernetes: KubernetesClient;
let target: RuntimeTarget;
let adapter: RuntimeAdapter;
let walker: Walker;

beforeAll(async () => {
  kubernetes = await testCluster();
});

afterAll(() => kubernetes.connection.close());

const namespaces: string[] = [];
afterAll(async () => {
  for (const name of namespaces) await kubernetes.delete({ apiVersion: 'v1', kind: 'Namespace', name });
});

/** A project of its own, as the platform makes it: quota, default-deny, Pod Security restricted. */
async function useProject(): Promise<void> {
  const project = `v${randomBytes(4).toString('hex')}`;
  target = {
    runtimeId: newId('runtime'),
    runtimeName: 'edge',
    tenantId: 'acme',
    project,
    environment: 'development',
    namespace: `rtai-acme--${project}`,
    release: 'edge',
    type: 'vcluster',
    backend: 'vcluster',
    labels: {},
  };
  namespaces.push(target.namespace);
  await createSlots({ kubernetes, log: silent }).ensureSlot({ target, quota: ROOMY });
  adapter = vclusterAdapter(kubernetes);
  walker = new Walker({ adapter, target, deadlineSeconds: 60 });
}

const created = async (spec: RuntimeSpec) => walker.walk({ verb: 'create' }, { spec, power: 'running' });
const stop = () => walker.walk({ verb: 'stop', force: false }, { ...now(), power: 'stopped' });
const start = () => walker.walk({ verb: 'start' }, { ...now(), power: 'running' });
const scaleTo = (spec: RuntimeSpec) => walker.walk({ verb: 'scale' }, { ...now(), spec });

function now() {
  if (walker.now === null) throw new Error('there is no vcluster yet');
  return walker.now;
}

async function controlPlane(kind = 'StatefulSet'): Promise<KubernetesObject> {
  const { namespace, release } = target;
  const found = await kubernetes.get({ apiVersion: 'apps/v1', kind, namespace, name: release });
  if (found === undefined) throw new Error(`there is no ${kind} ${release}`);
  return found;
}

const annotationsOf = async (kind?: string) => (await controlPlane(kind)).metadata.annotations ?? {};
const replicasOf = async (kind?: string) => fieldsOf((await controlPlane(kind))['spec'])['replicas'];

async function memoryRequested(): Promise<unknown> {
  const template = fieldsOf(fieldsOf(fieldsOf((await controlPlane())['spec'])['template'])['spec']);
  return fieldsOf(fieldsOf(listOf(template['containers'])[0]?.['resources'])['requests'])['memory'];
}

const podsOf = async (labelSelector: string) =>
  kubernetes.list({ apiVersion: 'v1', kind: 'Pod', namespace: target.namespace, labelSelector });

const refusalOf = async (work: Promise<unknown>): Promise<AdapterFailure> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof AdapterFailure) return error;
  throw new Error(`expected an AdapterFailure, got ${String(error)}`);
};

describe('the power of a vcluster', () => {
  beforeAll(async () => {
    await useProject();
    await created(SMALL);
  });

  it('is taken away with the annotations by which vcluster itself knows a pause', async () => {
    await kubernetes.create(syncedPod(target, 'work-x-default-x-edge'));
    await stop();
    expect(await annotationsOf()).toMatchObject({
      'loft.sh/paused': 'true',
      'loft.sh/paused-replicas': '1',
      'loft.sh/paused-date': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    expect(await replicasOf()).toBe(0);
    expect(await podsOf('vcluster.loft.sh/managed-by=edge')).toEqual([]);
  });

  it('stays away when it is scaled meanwhile, and Helm owns the replicas again', async () => {
    await scaleTo(LARGE);
    expect(await memoryRequested()).toBe('2Gi');
    expect(await replicasOf()).toBe(0);
    expect(await podsOf('app=vcluster')).toEqual([]);
    const owners = listOf((await controlPlane()).metadata['managedFields']).map(entry => entry['manager']);
    expect(owners).not.toContain('runtimeai');
  });

  it('comes back with what was scaled to, and without a trace of the pause', async () => {
    await start();
    expect(await replicasOf()).toBe(1);
    expect(await memoryRequested()).toBe('2Gi');
    expect(Object.keys(await annotationsOf()).filter(name => name.startsWith('loft.sh/'))).toEqual([]);
  });

  it('comes and goes without Helm, and Helm changes the size afterwards without a conflict', async () => {
    const before = now();
    const { begun } = await stop();
    const started = await start();
    expect([begun.revision, started.begun.revision]).toEqual([undefined, undefined]);
    await scaleTo(SMALL);
    expect(await memoryRequested()).toBe('256Mi');
    walker.now = { ...before, spec: SMALL };
  });

  it('survives a restart being upgraded: the mark of the restart stays and nothing restarts again', async () => {
    await walker.walk({ verb: 'restart' });
    const [pod] = await podsOf('app=vcluster');
    const step = walker.step({ verb: 'tune_policy' });
    const { base } = await adapter.plan(step);
    await walker.reach(step, await adapter.apply(step, { base, signal: new AbortController().signal }));
    const template = fieldsOf(fieldsOf((await controlPlane())['spec'])['template']);
    expect(fieldsOf(template['metadata'])['annotations']).toHaveProperty('kubectl.kubernetes.io/restartedAt');
    expect((await podsOf('app=vcluster'))[0]?.metadata.uid).toBe(pod?.metadata.uid);
  });
});

describe('a vcluster with several replicas', () => {
  beforeAll(async () => {
    await useProject();
    await created({ size: 'small', resources: { replicas: 2 } });
  });

  it('has an etcd of its own, and is scaled', async () => {
    const scaled = { size: 'small' as const, resources: { replicas: 3 } };
    await scaleTo(scaled);
    expect(await replicasOf('Deployment')).toBe(3);
    expect(await podsOf('app=vcluster-etcd')).toHaveLength(3);
  });

  it('stops and starts together with its etcd, each with as many as it had', async () => {
    await stop();
    expect(await podsOf('release=edge')).toEqual([]);
    await start();
    expect(await podsOf('app=vcluster-etcd')).toHaveLength(3);
    expect(await podsOf('app=vcluster')).toHaveLength(3);
    await walker.walk({ verb: 'delete' });
  });
});

describe('the backing store of a vcluster', () => {
  beforeAll(async () => {
    await useProject();
    await created(SMALL);
  });

  it('keeps one of a single replica from getting several', async () => {
    const refusal = await refusalOf(scaleTo({ size: 'xlarge' }));
    expect(refusal.code).toBe('change_impossible');
    expect(refusal.message).toContain('embedded database');
  });

  it('keeps the size of its volume', async () => {
    const refusal = await refusalOf(scaleTo({ size: 'small', vcluster: { storage: '8Gi' } }));
    expect(refusal.code).toBe('change_impossible');
  });
});

describe('a snapshot of a vcluster', () => {
  const snapshot = { id: newId('snapshot'), name: 'first' };

  beforeAll(async () => {
    await useProject();
    await created(SMALL);
  });

  it('is asked for with the Secret and the ConfigMap of vcluster’s own protocol', async () => {
    const step = walker.step({ verb: 'snapshot', snapshot });
    const { base } = await adapter.plan(step);
    const begun = await walker.begin(step, base);
    const name = `edge-snapshot-request-${snapshot.id.replace('_', '-')}`;
    const { namespace } = target;
    const request = await kubernetes.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name });
    expect(request?.metadata.labels).toMatchObject({
      'vcluster.loft.sh/snapshot-request': '',
      'vcluster.loft.sh/vcluster-name': 'edge',
      'vcluster.loft.sh/vcluster-namespace': namespace,
    });
    const { result } = await walker.reach(step, begun);
    expect(result?.snapshot?.ref['url']).toBe(
      `s3://lab-snapshots/vclusters/acme/${target.runtimeId}/${snapshot.id}.tar.gz`,
    );
    await until('the Secret with the storage’s options is gone', async () => {
      return (await kubernetes.get({ apiVersion: 'v1', kind: 'Secret', namespace, name })) === undefined;
    });
  });

  it('fails with what the control plane said when its storage is not there', async () => {
    adapter = vclusterAdapter(kubernetes, { snapshotUrl: 's3://unreachable/x' });
    walker = Object.assign(new Walker({ adapter, target, deadlineSeconds: 60 }), { now: walker.now });
    const lost = { id: newId('snapshot'), name: 'lost' };
    await expect(walker.walk({ verb: 'snapshot', snapshot: lost })).rejects.toThrow(/no such host/);
  });

  it('is withdrawn without a trace when it is undone', async () => {
    const step = walker.step({ verb: 'snapshot', snapshot: { id: newId('snapshot'), name: 'second' } });
    const { base } = await adapter.plan(step);
    await walker.begin(step, base);
    await walker.undo(step, base);
    const requests = await kubernetes.list({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace: target.namespace,
      labelSelector: 'vcluster.loft.sh/snapshot-request',
    });
    expect(
      requests.filter(
        ({ metadata }) => metadata.annotations?.['runtimeai.dev/operation'] === step.operationId,
      ),
    ).toEqual([]);
  });

  it('is refused of one that does not run', async () => {
    await stop();
    const refusal = await refusalOf(
      walker.walk({ verb: 'snapshot', snapshot: { id: newId('snapshot'), name: 'no' } }),
    );
    expect(refusal.code).toBe('wrong_state');
  });
});

describe('the restore of a vcluster', () => {
  const snapshot = { id: newId('snapshot'), name: 'good' };
  let ref: Readonly<Record<string, string>>;

  beforeAll(async () => {
    await useProject();
    await created(SMALL);
    const { reached } = await walker.walk({ verb: 'snapshot', snapshot });
    ref = reached.result?.snapshot?.ref ?? {};
  });

  it('replaces the control plane’s pod and those inside, and leaves no pod of its own', async () => {
    await kubernetes.create(syncedPod(target, 'work-y-default-x-edge'));
    const [before] = await podsOf('app=vcluster');
    await walker.walk({ verb: 'restore', snapshot: { ...snapshot, ref } });
    const [after] = await podsOf('app=vcluster');
    expect(after?.metadata.uid).not.toBe(before?.metadata.uid);
    expect(await podsOf('vcluster.loft.sh/managed-by=edge')).toEqual([]);
    expect(Object.keys(await annotationsOf()).filter(name => name.startsWith('loft.sh/'))).toEqual([]);
    await until(
      'the restoring pod is gone',
      async () => (await podsOf('app=vcluster-snapshot')).length === 0,
    );
  });

  it('that fails says why, and its undo brings the control plane up again', async () => {
    const id = newId('snapshot');
    const lost = { id, name: 'lost', ref: { url: (ref['url'] ?? '').replace(snapshot.id, id) } };
    const step = walker.step({ verb: 'restore', snapshot: lost });
    const { base } = await adapter.plan(step);
    const refusal = await refusalOf(walker.begin(step, base));
    expect(refusal).toMatchObject({
      code: 'restore_failed',
      message: expect.stringContaining('there is no snapshot at'),
    });
    expect(await annotationsOf()).toMatchObject({ 'loft.sh/restoring': 'true' });
    await walker.undo(step, base);
    expect(await replicasOf()).toBe(1);
    expect(await annotationsOf()).not.toHaveProperty('loft.sh/restoring');
    expect(await podsOf('app=vcluster-snapshot')).toEqual([]);
  });

  it('refuses the snapshot of another runtime', async () => {
    const other = {
      ...snapshot,
      ref: { url: (ref['url'] ?? '').replace(target.runtimeId, newId('runtime')) },
    };
    const refusal = await refusalOf(adapter.plan(walker.step({ verb: 'restore', snapshot: other })));
    expect(refusal.code).toBe('snapshot_not_found');
  });

  it('leaves nothing when the vcluster is deleted, not even its volume', async () => {
    await kubernetes.create(syncedPod(target, 'work-z-default-x-edge'));
    await walker.walk({ verb: 'delete' });
    const claims = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: target.namespace };
    expect(await kubernetes.list(claims)).toEqual([]);
    await until('the volume is gone', async () => {
      const volumes = await kubernetes.list({ apiVersion: 'v1', kind: 'PersistentVolume' });
      return volumes.every(
        volume => fieldsOf(fieldsOf(volume['spec'])['claimRef'])['namespace'] !== target.namespace,
      );
    });
  });
});

describe('a vcluster under compliance', () => {
  beforeEach(useProject);

  it('has the labels of its word on its pods, and its nodes forced upon those inside', async () => {
    const compliance = {
      pci: {
        nodeSelector: { 'runtimeai.dev/node-kind': 'simulated' },
        tolerations: [],
        labels: { 'example.com/pci': 'yes' },
      },
    };
    adapter = vclusterAdapter(kubernetes, { compliance });
    walker = new Walker({ adapter, target, deadlineSeconds: 60 });
    await created({ ...SMALL, security: { isolation: 'basic', audit: true, compliance: ['pci'] } });
    const [pod] = await podsOf('app=vcluster');
    expect(pod?.metadata.labels).toMatchObject(compliance.pci.labels);
    const { namespace, release } = target;
    const secret = { apiVersion: 'v1', kind: 'Secret', namespace, name: `vc-config-${release}` };
    const { data } = fieldsOf(await kubernetes.get(secret));
    const config = Buffer.from(String(fieldsOf(data)['config.yaml']), 'base64').toString('utf8');
    expect(parse(config)).toMatchObject({
      sync: { fromHost: { nodes: { enabled: false, selector: { labels: compliance.pci.nodeSelector } } } },
    });
  });
});

describe('what a vcluster may reach', () => {
  beforeEach(useProject);

  const policy = async (name: string) => {
    const { namespace } = target;
    const found = await kubernetes.get({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      namespace,
      name,
    });
    return fieldsOf(found?.['spec']);
  };

  it('is its own namespace and nothing outside, unless asked otherwise', async () => {
    await created(SMALL);
    expect(await policy('vc-cp-edge')).toMatchObject({
      ingress: [{}, { from: [{ podSelector: {} }], ports: [{ port: 8443, protocol: 'TCP' }] }],
    });
    expect(listOf((await policy('vc-work-edge'))['egress'])).not.toContainEqual({});
  });

  it('is everything with open egress, and every pod of the cluster reaches an internal one', async () => {
    await created({ ...SMALL, networking: { exposure: 'internal', egress_policy: 'open' } });
    expect(await policy('vc-cp-edge')).toMatchObject({
      ingress: [{}, { from: [{ namespaceSelector: {} }] }],
    });
    expect(listOf((await policy('vc-work-edge'))['egress'])).toContainEqual({});
  });
});
