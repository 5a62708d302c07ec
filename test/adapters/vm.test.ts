import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVmAdapter } from '../../adapters/vm/adapter.ts';
import { VM_DEFAULTS, type VmSettings } from '../../adapters/vm/settings.ts';
import { KubernetesError } from '../../clients/kubernetes/errors.ts';
import { fieldsOf, type KubernetesObject, textOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { RuntimeTarget } from '../../domain/change.ts';
import { newId } from '../../domain/ids.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { removeNamespace, testCluster, testNamespace } from '../kubernetes/cluster.ts';
import { until } from '../until.ts';
import { Walker } from './conformance/walker.ts';

const CORE = 'kubevirt.io/v1';
const IMAGE = 'registry.example.com/disks/tried:1.0';

let kubernetes: KubernetesClient;
let namespace: string;

beforeAll(async () => {
  kubernetes = await testCluster();
  namespace = await testNamespace(kubernetes);
});

afterAll(async () => {
  await removeNamespace(kubernetes, namespace);
  kubernetes.connection.close();
});

describe('a machine of its size', () => {
  it('runs with the CPUs and memory of its size, and after a scale with those of the new one', async () => {
    const walker = walkerFor();
    await walker.walk({ verb: 'create' }, running({ size: 'small' }));
    expect(await sizeOf(walker.target)).toEqual({ sockets: 1, guest: '2048Mi' });
    const { plan } = await walker.walk({ verb: 'scale' }, running({ size: 'large' }));
    expect(plan.changes.map(({ kind }) => kind)).toContain('VirtualMachineInstance');
    expect(await sizeOf(walker.target)).toEqual({ sockets: 4, guest: '8192Mi' });
    const types = await kubernetes.list({ ...INSTANCETYPES, namespace });
    expect(types.filter(({ metadata }) => metadata.name.startsWith(walker.target.release))).toHaveLength(1);
  });

  it('has the size on record after a restore of a snapshot that was taken at another size', async () => {
    const walker = walkerFor();
    await walker.walk({ verb: 'create' }, running({ size: 'small' }));
    const ref = await snapshotOf(walker);
    await walker.walk({ verb: 'scale' }, running({ size: 'large' }));
    await walker.walk({ verb: 'restore', snapshot: { id: newId('snapshot'), name: 'small', ref } });
    expect(await sizeOf(walker.target)).toEqual({ sockets: 4, guest: '8192Mi' });
  });
});

describe('a machine with a disk of its own', () => {
  const disk = { vm: { image: IMAGE, disk: '3Gi' } };

  it('imports the image once, and a restore replaces the disk under its name', async () => {
    const walker = walkerFor();
    await walker.walk({ verb: 'create' }, running(disk));
    const { message, result } = (
      await walker.walk({ verb: 'snapshot', snapshot: { id: newId('snapshot'), name: 'a' } })
    ).reached;
    expect(message).toContain('the disks: root');
    const before = await claimOf(walker.target);
    const ref = result?.snapshot?.ref ?? {};
    await walker.walk({ verb: 'restore', snapshot: { id: newId('snapshot'), name: 'a', ref } });
    const after = await claimOf(walker.target);
    expect(after?.metadata.uid).not.toBe(before?.metadata.uid);
    expect(await phaseOf(walker.target)).toBe('Running');
    await walker.walk({ verb: 'delete' });
    expect(await claimOf(walker.target)).toBeUndefined();
  });

  it('stays stopped when it is restored while stopped', async () => {
    const walker = walkerFor();
    await walker.walk({ verb: 'create' }, running(disk));
    const ref = await snapshotOf(walker);
    await walker.walk({ verb: 'stop', force: false }, { ...running(disk), power: 'stopped' });
    await walker.walk({ verb: 'restore', snapshot: { id: newId('snapshot'), name: 'a', ref } });
    expect(await phaseOf(walker.target)).toBe('Stopped');
  });

  it('is not made again with an empty disk when somebody deleted it', async () => {
    const walker = walkerFor();
    await walker.walk({ verb: 'create' }, running(disk));
    await kubernetes.delete(machineOf(walker.target));
    await until('the machine is gone', async () => !(await kubernetes.get(machineOf(walker.target))));
    const step = walker.step({ verb: 'start' }, running(disk));
    await expect(walker.adapter.plan(step)).rejects.toMatchObject({ code: 'object_gone' });
  });

  it('fails with the reason when the import fails', async () => {
    const walker = walkerFor({ stuckSeconds: 0 });
    const failing = running({ vm: { image: `${IMAGE}-import-fails`, disk: '3Gi' } });
    await expect(walker.walk({ verb: 'create' }, failing)).rejects.toThrow(/DataVolumeError/);
  });
});

describe('a machine that does not start', () => {
  it.each([
    ['whose image is nowhere', 'no-such-image', /ImagePull.*no-such-image.*not found/],
    ['whose guest ends at once', 'never-boots', /CrashLoopBackOff: the machine ends again and again/],
  ])('%s fails with the reason', async (_what, fate, reason) => {
    const walker = walkerFor({ stuckSeconds: 0 });
    const failing = running({ vm: { image: `${IMAGE}-${fate}` } });
    await expect(walker.walk({ verb: 'create' }, failing)).rejects.toThrow(reason);
  });

  it('that fits on no node is waited for, with the scheduler’s words', async () => {
    const walker = walkerFor({ compliance: { nowhere: onNodes({ zone: 'none' }) } });
    const step = walker.step({ verb: 'create' }, running({ security: secured(['nowhere']) }));
    const begun = await walker.begin(step, (await walker.adapter.plan(step)).base);
    await until('the scheduler says so', async () => {
      const { status, message } = await walker.adapter.observe(step, begun);
      expect(status).toBe('progressing');
      return /no node has room for it: Unschedulable/.test(message);
    });
  });
});

describe('a stop', () => {
  it('with a time limit gives the pod of the machine that time', async () => {
    const walker = walkerFor();
    await walker.walk({ verb: 'create' }, running());
    const pod = await podThatStays(walker.target);
    const stopped = { ...running(), power: 'stopped' as const };
    const step = walker.step({ verb: 'stop', force: false, timeoutSeconds: 7 }, stopped);
    const begun = await walker.begin(step, {});
    expect((await kubernetes.get(pod))?.metadata['deletionGracePeriodSeconds']).toBe(7);
    await kubernetes.delete(pod, { gracePeriodSeconds: 0 });
    await walker.reach(step, begun);
  });
});

describe('a migration', () => {
  it('is refused where there is one node for the machine', async () => {
    const walker = walkerFor({
      compliance: { 'one-node': onNodes({ 'kubernetes.io/hostname': 'simulated-3' }) },
    });
    await walker.walk({ verb: 'create' }, running({ security: secured(['one-node']) }));
    const refusal = walker.adapter.plan(walker.step({ verb: 'migrate' }));
    await expect(refusal).rejects.toMatchObject({
      code: 'migration_impossible',
      message: 'No node but simulated-3 can take the machine.',
    });
  });

  it('is refused with KubeVirt’s reason when the machine cannot move', async () => {
    const walker = walkerFor();
    await walker.walk({ verb: 'create' }, running({ vm: { image: `${IMAGE}-not-migratable` } }));
    const refusal = walker.adapter.plan(walker.step({ verb: 'migrate' }));
    await expect(refusal).rejects.toThrow(/DisksNotLiveMigratable/);
  });

  it('that fails leaves the machine running where it was', async () => {
    const walker = walkerFor();
    await walker.walk({ verb: 'create' }, running({ vm: { image: `${IMAGE}-migration-fails` } }));
    const node = await nodeOf(walker.target);
    await expect(walker.walk({ verb: 'migrate' })).rejects.toThrow(/Live migration failed/);
    expect(await nodeOf(walker.target)).toBe(node);
    await until('it only runs again', async () => (await phaseOf(walker.target)) === 'Running');
  });
});

describe('a snapshot', () => {
  it('says that it is crash-consistent only, unless a guest agent answered', async () => {
    const plain = walkerFor();
    await plain.walk({ verb: 'create' }, running());
    expect(await contentsOfSnapshot(plain)).toContainEqual(expect.stringMatching(/^crash-consistent only/));
    const guest = walkerFor();
    await guest.walk({ verb: 'create' }, running({ vm: { image: `${IMAGE}-guest-agent` } }));
    expect(await contentsOfSnapshot(guest)).not.toContainEqual(
      expect.stringMatching(/^crash-consistent only/),
    );
  });

  it('that KubeVirt cannot take fails with its reason, and is gone when it is undone', async () => {
    const walker = walkerFor();
    await walker.walk({ verb: 'create' }, running({ vm: { image: `${IMAGE}-snapshot-fails` } }));
    const step = walker.step({ verb: 'snapshot', snapshot: { id: newId('snapshot'), name: 'x' } });
    await expect(walker.reach(step, await walker.begin(step, {}))).rejects.toThrow(
      /refused a VolumeSnapshot/,
    );
    await walker.undo(step, {});
    const left = await kubernetes.list({ ...SNAPSHOTS, namespace });
    expect(left.filter(({ metadata }) => metadata.name.startsWith(walker.target.release))).toEqual([]);
  });
});

describe('the kinds of the stand-in', () => {
  const machine = (template: object): KubernetesObject => ({
    apiVersion: CORE,
    kind: 'VirtualMachine',
    metadata: { name: 'strict', namespace },
    spec: { runStrategy: 'Halted', template: { spec: { domain: { devices: {} }, ...template } } },
  });

  it('refuse a field that KubeVirt does not know', async () => {
    await kubernetes.apply(machine({}), { dryRun: true });
    const refusal = await kubernetes.apply(machine({ bogus: 1 }), { dryRun: true }).catch(error => error);
    expect(refusal).toBeInstanceOf(KubernetesError);
    expect(refusal.message).toMatch(/bogus.*not declared in schema/);
  });

  it('say what a machine names and is not there', async () => {
    const missing: KubernetesObject = { ...machine({}), metadata: { name: 'typeless', namespace } };
    const spec = {
      ...fieldsOf(missing['spec']),
      runStrategy: 'Always',
      instancetype: { name: 'no-such-type' },
    };
    await kubernetes.apply({ ...missing, spec });
    const reference = { apiVersion: CORE, kind: 'VirtualMachine', namespace, name: 'typeless' };
    await until('KubeVirt says so', async () =>
      JSON.stringify((await kubernetes.get(reference))?.['status'] ?? {}).includes('no-such-type'),
    );
    await kubernetes.delete(reference);
  });

  it('do not run machines in a namespace that enforces Pod Security restricted', async () => {
    const walker = walkerFor({}, await restrictedNamespace());
    const step = walker.step({ verb: 'create' }, running());
    const begun = await walker.begin(step, {});
    await until('the reason is told', async () =>
      /violates PodSecurity/.test((await walker.adapter.observe(step, begun)).message),
    );
    await removeNamespace(kubernetes, walker.target.namespace);
  });
});

const INSTANCETYPES = {
  apiVersion: 'instancetype.kubevirt.io/v1beta1',
  kind: 'VirtualMachineInstancetype',
};
const SNAPSHOTS = { apiVersion: 'snapshot.kubevirt.io/v1beta1', kind: 'VirtualMachineSnapshot' };

function walkerFor(settings: Partial<VmSettings> = {}, place = namespace): Walker {
  const release = `m${randomBytes(3).toString('hex')}`;
  const target: RuntimeTarget = {
    ...{ runtimeId: newId('runtime'), runtimeName: release, tenantId: 'acme', project: 'default' },
    ...{ environment: 'development', namespace: place, release, type: 'vm', backend: 'vm', labels: {} },
  };
  const adapter = createVmAdapter({ kubernetes, settings: { ...VM_DEFAULTS, ...settings } });
  return new Walker({ adapter, target, deadlineSeconds: 30 });
}

function running(spec: RuntimeSpec = {}) {
  return { power: 'running' as const, spec: { size: 'small' as const, vm: { image: IMAGE }, ...spec } };
}

function onNodes(nodeSelector: Record<string, string>) {
  return { nodeSelector, tolerations: [], labels: {} };
}

function secured(compliance: string[]) {
  return { isolation: 'strong' as const, audit: true, compliance };
}

function machineOf({ namespace, release }: RuntimeTarget) {
  return { apiVersion: CORE, kind: 'VirtualMachine', namespace, name: release };
}

function instanceOf({ namespace, release }: RuntimeTarget) {
  return kubernetes.get({ apiVersion: CORE, kind: 'VirtualMachineInstance', namespace, name: release });
}

async function sizeOf(target: RuntimeTarget) {
  const domain = fieldsOf(fieldsOf((await instanceOf(target))?.['spec'])['domain']);
  return { sockets: fieldsOf(domain['cpu'])['sockets'], guest: fieldsOf(domain['memory'])['guest'] };
}

async function nodeOf(target: RuntimeTarget): Promise<string> {
  return textOf(fieldsOf((await instanceOf(target))?.['status'])['nodeName']);
}

async function phaseOf(target: RuntimeTarget): Promise<string> {
  return textOf(fieldsOf((await kubernetes.get(machineOf(target)))?.['status'])['printableStatus']);
}

function claimOf({ namespace, release }: RuntimeTarget) {
  return kubernetes.get({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    namespace,
    name: `${release}-root`,
  });
}

async function snapshotOf(walker: Walker) {
  const snapshot = { id: newId('snapshot'), name: 'small' };
  const { result } = (await walker.walk({ verb: 'snapshot', snapshot })).reached;
  return result?.snapshot?.ref ?? {};
}

async function contentsOfSnapshot(walker: Walker): Promise<readonly string[]> {
  const snapshot = { id: newId('snapshot'), name: 'any' };
  const { result } = (await walker.walk({ verb: 'snapshot', snapshot })).reached;
  return result?.snapshot?.contents ?? [];
}

async function restrictedNamespace(): Promise<string> {
  const name = `test-${randomBytes(4).toString('hex')}`;
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await kubernetes.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  return name;
}

/** One more pod of the machine, on a node whose kubelet never answers: what is asked of it can be read. */
async function podThatStays({ namespace, release, runtimeId }: RuntimeTarget) {
  const reference = { apiVersion: 'v1', kind: 'Pod', namespace, name: `${release}-stays` };
  const { apiVersion, kind, name } = reference;
  await kubernetes.create({
    ...{ apiVersion, kind },
    metadata: { name, namespace, labels: { 'runtimeai.dev/runtime': runtimeId } },
    spec: { nodeName: 'no-such-node', containers: [{ name: 'compute', image: 'none' }] },
  });
  return reference;
}
