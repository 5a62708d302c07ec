import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KINDS, ownReference, policyReference } from '../../adapters/sandbox/kinds.ts';
import { claimedSandbox } from '../../adapters/sandbox/live.ts';
import { SANDBOX_DEFAULTS } from '../../adapters/sandbox/settings.ts';
import { fieldsOf, type KubernetesObject, listOf, textOf } from '../../clients/kubernetes/objects.ts';
import { RUNTIME_LABEL } from '../../domain/rules/labels.ts';
import { strongRuntimeClass } from '../../lab/extras/strong-isolation.ts';
import { hasRealNode } from '../system/system.ts';
import { until } from '../until.ts';
import { type RuntimeUnderTest, useRuntime } from './conformance/runtime-under-test.ts';
import { LAB_SETTINGS, SAMPLE_IMAGE, sandboxSpec, sandboxSuite } from './sandbox-suite.ts';

/** The garbage collector of Kubernetes looks for new kinds every 30 s; until then it removes nothing that they own. */
const GARBAGE_SECONDS = 45;

const STOP = { verb: 'stop', force: false } as const;

describe('a sandbox by itself', () => {
  const runtime = useRuntime(
    sandboxSuite(sandboxSpec({}, { networking: { exposure: 'internal', egress_policy: 'restricted' } })),
  );

  it('is isolated by its RuntimeClass, holds no token, has limits and may not be root', async () => {
    const pod = await podOf(runtime());
    const { runtimeClassName, automountServiceAccountToken, securityContext } = fieldsOf(pod['spec']);
    expect({ runtimeClassName, automountServiceAccountToken }).toEqual({
      runtimeClassName: strongRuntimeClass,
      automountServiceAccountToken: false,
    });
    expect(securityContext).toMatchObject({ runAsNonRoot: true });
    expect(listOf(fieldsOf(pod['spec'])['containers'])[0]?.['resources']).toEqual({
      requests: { cpu: '250m', memory: '256Mi' },
      limits: { cpu: '250m', memory: '256Mi' },
    });
  });

  it('may ask DNS and nobody else, is reached from the cluster, and has a name there', async () => {
    const { kubernetes, target, walker } = runtime();
    const spec = fieldsOf((await kubernetes.get(policyReference(target)))?.['spec']);
    expect(spec['ingress']).toEqual([{ from: [{ namespaceSelector: {} }] }]);
    expect(listOf(spec['egress']).map(rule => rule['ports'])).toEqual([
      [
        { port: 53, protocol: 'UDP' },
        { port: 53, protocol: 'TCP' },
      ],
    ]);
    const step = walker.step({ verb: 'start' });
    const { result } = await walker.adapter.observe(step, { awaiting: {} });
    expect(result?.['addresses']).toEqual([`${target.release}.${target.namespace}.svc.cluster.local`]);
  });

  it('says so when somebody suspends it while it is to run', async () => {
    const { kubernetes, target, walker, adapter } = runtime();
    await kubernetes.patch(ownReference(target, 'sandbox'), { spec: { operatingMode: 'Suspended' } });
    const seen = await adapter.observe(walker.step({ verb: 'start' }), { awaiting: {} });
    expect(seen).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('suspended by somebody'),
    });
    await walker.walk({ verb: 'start' });
  });

  it('is judged running again after a start although the condition Suspended stays behind', async () => {
    const { walker, running, judge } = runtime();
    await walker.walk(STOP, { ...running, power: 'stopped' });
    expect(await judge()).toMatchObject({ status: 'stopped', phase: 'Suspended', desiredReplicas: 0 });
    await walker.walk({ verb: 'start' }, running);
    expect(await judge()).toMatchObject({ status: 'healthy', phase: 'Running', readyReplicas: 1 });
  });

  it('opens its egress when that is what is desired', async () => {
    const { walker, running, kubernetes, target } = runtime();
    const networking = { exposure: 'private', egress_policy: 'open' } as const;
    await walker.walk({ verb: 'tune_policy' }, { ...running, spec: { ...running.spec, networking } });
    const { ingress, egress } = fieldsOf((await kubernetes.get(policyReference(target)))?.['spec']);
    expect({ ingress, egress }).toEqual({ ingress: [{ from: [{ podSelector: {} }] }], egress: [{}] });
  });
});

describe('a sandbox from a warm pool', () => {
  const runtime = useRuntime(sandboxSuite(sandboxSpec({ warm_pool: 2 })));

  it('is claimed, and the pool is kept full beside it', async () => {
    const { kubernetes, target, judge } = runtime();
    expect(await judge()).toMatchObject({ status: 'healthy', totalPods: 1 });
    await until('the pool has two ready sandboxes', async () => {
      const pool = await kubernetes.get(ownReference(target, 'warmPool'));
      return fieldsOf(pool?.['status'])['readyReplicas'] === 2;
    });
    expect(await judge()).toMatchObject({ status: 'healthy', totalPods: 1 });
    expect(await sandboxesIn(runtime())).toHaveLength(3);
  });

  it('stops alone, and starts as the same sandbox', async () => {
    const { walker, running, judge } = runtime();
    const before = await claimed(runtime());
    await walker.walk(STOP, { ...running, power: 'stopped' });
    expect(await judge()).toMatchObject({ status: 'stopped' });
    expect(fieldsOf((await claimed(runtime()))['spec'])['operatingMode']).toBe('Suspended');
    await walker.walk({ verb: 'start' }, running);
    expect((await claimed(runtime())).metadata.uid).toBe(before.metadata.uid);
    expect(await judge()).toMatchObject({ status: 'healthy' });
  });

  it('gets a new pod by a restart, once', async () => {
    const { walker } = runtime();
    const before = await claimedPod(runtime());
    const { step, plan } = await walker.walk({ verb: 'restart' });
    const after = await claimedPod(runtime());
    expect(after.metadata.uid).not.toBe(before.metadata.uid);
    await walker.reach(step, await walker.begin(step, plan.base));
    expect((await claimedPod(runtime())).metadata.uid).toBe(after.metadata.uid);
  });

  it('gets another sandbox when somebody deletes the one it had', async () => {
    const { kubernetes, walker, judge } = runtime();
    const before = await claimed(runtime());
    await kubernetes.delete(await claimedAs(runtime(), 'sandbox'));
    await until('the claim has another sandbox', async () => {
      const now = await kubernetes.get(await claimedAs(runtime(), 'sandbox'));
      return now !== undefined && now.metadata.uid !== before.metadata.uid;
    });
    await walker.reach(walker.step({ verb: 'start' }), { awaiting: {} });
    expect(await judge()).toMatchObject({ status: 'healthy' });
  });

  it('is scaled with its pool, and back', async () => {
    const { walker, running, kubernetes, target } = runtime();
    const large = { ...running, spec: { ...running.spec, size: 'large' as const } };
    await walker.walk({ verb: 'scale' }, large);
    expect(limitsOf(await claimedPod(runtime()))).toEqual({ cpu: '1', memory: '1Gi' });
    const { labels } = (await claimed(runtime())).metadata;
    expect(labels?.[RUNTIME_LABEL]).toBe(target.runtimeId);
    await until(
      'the idle pods of the pool are large too',
      async () => {
        const pods = await kubernetes.list({ ...KINDS.pod, namespace: target.namespace });
        return pods.length === 3 && pods.every(pod => limitsOf(pod)['cpu'] === '1');
      },
      GARBAGE_SECONDS,
    );
    await walker.walk({ verb: 'scale' }, running);
    expect(limitsOf(await claimedPod(runtime()))).toEqual({ cpu: '250m', memory: '256Mi' });
  });

  it('leaves nothing when it is deleted', async () => {
    const { walker, contents, empty } = runtime();
    await walker.walk({ verb: 'delete' });
    await until('everything is gone', async () =>
      [...(await contents()).keys()].every(key => empty.has(key)),
    );
  });
});

describe('a sandbox that cannot come up', () => {
  const labels = { 'example.com/phi': 'yes' };
  const compliance = { hipaa: { nodeSelector: { 'example.com/audited': 'hipaa' }, tolerations: [], labels } };
  const runtime = useRuntime(
    sandboxSuite(sandboxSpec(), { ...LAB_SETTINGS, compliance, unschedulableSeconds: 1 }),
    { absent: true },
  );

  it('fails with the words of the scheduler when no node fulfils its compliance', async () => {
    const { walker, running, judge } = runtime();
    const security = { isolation: 'strong' as const, audit: true, compliance: ['hipaa'] };
    const spec = { ...running.spec, security };
    const create = walker.step({ verb: 'create' }, { ...running, spec });
    await expect(walker.reach(create, await walker.begin(create, {}))).rejects.toThrow(
      /does not come up: Unschedulable, .*node affinity\/selector/,
    );
    const { metadata, ...pod } = await podOf(runtime());
    expect(fieldsOf(pod['spec'])['nodeSelector']).toMatchObject({ 'example.com/audited': 'hipaa' });
    expect(metadata.labels).toMatchObject(labels);
    expect(await judge()).toMatchObject({ status: 'unhealthy', phase: 'Failing' });
    await walker.undo(create, {});
  });

  it('fails with the words of the quota when it is larger than its project', async () => {
    const { walker, running } = runtime();
    const spec = { ...running.spec, resources: { cpu: 64, memory: '400Gi' } };
    await expect(walker.walk({ verb: 'create' }, { ...running, spec })).rejects.toThrow(
      /gets no pod: .*exceeded quota/,
    );
  });

  it('is refused when its isolation is a RuntimeClass the cluster does not have, or none is configured', async () => {
    const { walker, running, kubernetes } = runtime();
    const planWith = (strong: string | undefined) =>
      Promise.resolve(
        sandboxSuite(running.spec, { ...LAB_SETTINGS, strongRuntimeClass: strong }).make(kubernetes),
      ).then(adapter => adapter.plan(walker.step({ verb: 'create' }, running)));
    await expect(planWith('no-such-class')).rejects.toMatchObject({ code: 'isolation_unavailable' });
    await expect(planWith(undefined)).rejects.toMatchObject({ code: 'isolation_unavailable' });
  });
});

describe('a sandbox with a volume', () => {
  const storageClass = `by-hand-${process.pid}`;
  const volume = { apiVersion: 'v1', kind: 'PersistentVolume', name: storageClass };
  const runtime = useRuntime(
    sandboxSuite(sandboxSpec({ storage: '1Gi' }), { ...LAB_SETTINGS, storageClass }),
    {
      absent: true,
    },
  );
  const claimOf = ({ kubernetes, target }: RuntimeUnderTest) =>
    kubernetes.get({ ...KINDS.volumeClaim, namespace: target.namespace, name: `data-${target.release}` });

  beforeAll(async () => {
    const { kubernetes } = runtime();
    await kubernetes.create({
      ...volume,
      metadata: { name: volume.name },
      spec: {
        storageClassName: storageClass,
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        hostPath: { path: '/nowhere-in-particular' },
      },
    });
  });
  afterAll(() => runtime().kubernetes.delete(volume));

  it('keeps its volume through a stop and a start, and loses it only with the runtime', async () => {
    const { walker, running } = runtime();
    await walker.walk({ verb: 'create' }, running);
    const before = await claimOf(runtime());
    expect(fieldsOf(before?.['status'])['phase']).toBe('Bound');
    await walker.walk(STOP, { ...running, power: 'stopped' });
    await walker.walk({ verb: 'start' }, running);
    expect((await claimOf(runtime()))?.metadata.uid).toBe(before?.metadata.uid);
    const [container] = listOf(fieldsOf((await podOf(runtime()))['spec'])['containers']);
    expect(listOf(container?.['volumeMounts'])).toContainEqual({ name: 'data', mountPath: '/data' });
  });

  it('refuses a snapshot where volumes cannot be copied, with the way to install that', async () => {
    const { walker, adapter } = runtime();
    const step = walker.step({ verb: 'snapshot', snapshot: { id: 'snp_1', name: 'one' } });
    await expect(adapter.plan(step)).rejects.toMatchObject({
      code: 'snapshot_failed',
      nextStep: expect.stringContaining('external-snapshotter'),
    });
  });

  it('refuses another volume, as it keeps its own for life', async () => {
    const { walker, adapter, running } = runtime();
    const spec = sandboxSpec({ storage: '2Gi' });
    await expect(adapter.plan(walker.step({ verb: 'scale' }, { ...running, spec }))).rejects.toMatchObject({
      code: 'change_impossible',
    });
  });

  it('is not made again with an empty volume when somebody deleted it', async () => {
    const { walker, adapter, running, kubernetes, target } = runtime();
    await kubernetes.delete({ ...KINDS.sandbox, namespace: target.namespace, name: target.release });
    await until('it is gone', async () => {
      const found = await kubernetes.get({
        ...KINDS.sandbox,
        namespace: target.namespace,
        name: target.release,
      });
      return found === undefined;
    });
    await expect(adapter.plan(walker.step({ verb: 'start' }, running))).rejects.toMatchObject({
      code: 'object_gone',
    });
  });

  it('takes its volume claim along when it is deleted', async () => {
    const { walker } = runtime();
    await walker.walk({ verb: 'delete' });
    expect(await claimOf(runtime())).toBeUndefined();
  });
});

const isReal = hasRealNode();
if (!isReal) console.log('skipped: the lab has no real node here (it needs root, containerd and runc)');

describe.skipIf(!isReal)('a sandbox on the real node', () => {
  const runtime = useRuntime(
    sandboxSuite(sandboxSpec({ env: [{ name: 'AGENT_NAME', value: 'boxed' }] }), {
      ...SANDBOX_DEFAULTS,
      strongRuntimeClass,
    }),
  );
  const answer = async () => {
    const podIP = textOf(fieldsOf((await podOf(runtime()))['status'])['podIP']);
    return fetch(`http://${podIP}:8080/`).then(
      response => response.json() as Promise<unknown>,
      (error: unknown) => error,
    );
  };

  it('really runs: its program answers, under the RuntimeClass of strong isolation', async () => {
    await until('its program answers', async () => !((await answer()) instanceof Error));
    expect(await answer()).toMatchObject({ name: 'boxed' });
    expect(fieldsOf((await podOf(runtime()))['spec'])).toMatchObject({
      runtimeClassName: strongRuntimeClass,
      nodeName: 'real-1',
    });
  });

  it('stops, starts and restarts for real', async () => {
    const { walker, running, incarnations } = runtime();
    await walker.walk({ verb: 'stop', force: true }, { ...running, power: 'stopped' });
    expect(await incarnations()).toEqual([]);
    await walker.walk({ verb: 'start' }, running);
    const [first] = await incarnations();
    await walker.walk({ verb: 'restart' });
    expect(await incarnations()).not.toContain(first);
    await until('its program answers', async () => !((await answer()) instanceof Error));
  });

  it('fails soon when its image cannot be pulled', async () => {
    const { walker, running } = runtime();
    const image = `${SAMPLE_IMAGE}-that-nobody-made`;
    const spec = { ...running.spec, sandbox: { env: [], warm_pool: 0, image } };
    await expect(walker.walk({ verb: 'scale' }, { ...running, spec })).rejects.toThrow(/ImagePullBackOff/);
  });
});

async function podOf({ kubernetes, target }: RuntimeUnderTest): Promise<KubernetesObject> {
  return found(await kubernetes.get(ownReference(target, 'pod')));
}

function sandboxesIn({ kubernetes, target }: RuntimeUnderTest) {
  return kubernetes.list({ ...KINDS.sandbox, namespace: target.namespace });
}

async function claimed(runtime: RuntimeUnderTest): Promise<KubernetesObject> {
  return found(await runtime.kubernetes.get(await claimedAs(runtime, 'sandbox')));
}

async function claimedPod(runtime: RuntimeUnderTest): Promise<KubernetesObject> {
  return found(await runtime.kubernetes.get(await claimedAs(runtime, 'pod')));
}

async function claimedAs({ kubernetes, target }: RuntimeUnderTest, kind: 'sandbox' | 'pod') {
  const name = claimedSandbox(await kubernetes.get(ownReference(target, 'claim')));
  return { ...KINDS[kind], namespace: target.namespace, name };
}

function limitsOf(pod: KubernetesObject): Readonly<Record<string, unknown>> {
  const [container] = listOf(fieldsOf(pod['spec'])['containers']);
  return fieldsOf(fieldsOf(container?.['resources'])['limits']);
}

function found(object: KubernetesObject | undefined): KubernetesObject {
  if (!object) throw new Error('it is not there');
  return object;
}
