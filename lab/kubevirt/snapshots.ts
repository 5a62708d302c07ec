import { typeOf } from './cluster.ts';
import { has, imageOf } from './fates.ts';
import {
  type Condition,
  type Instance,
  type Machine,
  ownedBy,
  type Snapshot,
  type Thing,
} from './objects.ts';
import { named, type World, within } from './world.ts';

/** On the kept definition of a machine: what its instancetype said, of which KubeVirt keeps a copy. */
export const KEPT_SIZING = 'lab.runtimeai.dev/instancetype';

/** Takes a snapshot of what there is, or fails as KubeVirt would. */
export async function reconcileSnapshot(world: World, snapshot: Snapshot): Promise<void> {
  const { metadata, spec, status } = snapshot;
  if (metadata.deletionTimestamp || status?.readyToUse || status?.phase === 'Failed') return;
  const machine = named(world.machines, metadata, spec.source.name);
  if (!machine) return waitForSource(world, snapshot);
  const image = imageOf(machine.spec.template.spec, within(world.dataVolumes, metadata));
  if (has('snapshotFails', image))
    return fail(world, snapshot, 'the storage refused a VolumeSnapshot (simulated)');
  const backups = await backupsOf(world, machine, snapshot);
  const content = `vmsnapshot-content-${metadata.uid}`;
  await world.objects.create(
    'content',
    await contentOf({ world, machine, snapshot, backups }),
    metadata.namespace,
  );
  const instance = named(world.instances, metadata, spec.source.name);
  const all = (machine.spec.template.spec.volumes ?? []).map(({ name }) => name);
  const includedVolumes = backups.map(({ volumeName }) => volumeName);
  await world.objects.patchStatus('snapshot', snapshot, {
    ...{
      phase: 'Succeeded',
      readyToUse: true,
      creationTime: world.now.toISOString(),
      sourceUID: machine.metadata.uid,
    },
    virtualMachineSnapshotContentName: content,
    snapshotVolumes: {
      includedVolumes,
      excludedVolumes: all.filter(name => !includedVolumes.includes(name)),
    },
    ...indications(instance),
    conditions: [condition('Ready', 'True', 'Operation complete')],
  });
}

async function waitForSource(world: World, snapshot: Snapshot): Promise<void> {
  const seconds = Number.parseInt(snapshot.spec.failureDeadline ?? '300', 10);
  const age = world.now.getTime() - Date.parse(snapshot.metadata.creationTimestamp);
  if (age > seconds * 1000) return fail(world, snapshot, 'snapshot deadline exceeded');
  const conditions = [condition('Progressing', 'False', 'Source does not exist')];
  await world.objects.patchStatus('snapshot', snapshot, {
    phase: 'InProgress',
    readyToUse: false,
    conditions,
  });
}

async function fail({ objects, now }: World, snapshot: Snapshot, message: string): Promise<void> {
  await objects.patchStatus('snapshot', snapshot, {
    ...{ phase: 'Failed', readyToUse: false, error: { message, time: now.toISOString() } },
    conditions: [condition('Failure', 'True', message)],
  });
}

interface Backup {
  readonly volumeName: string;
  readonly volumeSnapshotName: string;
  readonly persistentVolumeClaim: object;
}

async function backupsOf(
  { objects }: World,
  machine: Machine,
  snapshot: Snapshot,
): Promise<readonly Backup[]> {
  const backups: Backup[] = [];
  for (const { name, dataVolume, persistentVolumeClaim } of machine.spec.template.spec.volumes ?? []) {
    const claimName = dataVolume?.name ?? persistentVolumeClaim?.claimName;
    if (!claimName) continue;
    const claim = await objects.get('claim', { namespace: machine.metadata.namespace, name: claimName });
    if (claim) backups.push(backupOf(name, claim, snapshot));
  }
  return backups;
}

function backupOf(volumeName: string, { metadata, spec }: Thing, snapshot: Snapshot): Backup {
  const { accessModes, resources, storageClassName, volumeMode } = spec as Record<string, unknown>;
  const kept = { name: metadata.name, labels: metadata.labels ?? {} };
  return {
    volumeName,
    volumeSnapshotName: `vmsnapshot-${snapshot.metadata.uid}-volume-${volumeName}`,
    persistentVolumeClaim: { metadata: kept, spec: { accessModes, resources, storageClassName, volumeMode } },
  };
}

interface Taken {
  readonly world: World;
  readonly machine: Machine;
  readonly snapshot: Snapshot;
  readonly backups: readonly Backup[];
}

async function contentOf({ world, machine, snapshot, backups }: Taken) {
  const { namespace, name, labels } = machine.metadata;
  const type = machine.spec.instancetype?.name ?? '';
  const sizing = await world.objects.get('instancetype', { namespace, name: type });
  const annotations = { [KEPT_SIZING]: JSON.stringify(sizing?.spec ?? null) };
  return {
    metadata: {
      name: `vmsnapshot-content-${snapshot.metadata.uid}`,
      ownerReferences: [ownedBy(snapshot, ...typeOf('snapshot'))],
    },
    spec: {
      virtualMachineSnapshotName: snapshot.metadata.name,
      source: { virtualMachine: { metadata: { name, namespace, labels, annotations }, spec: machine.spec } },
      volumeBackups: backups,
    },
  };
}

function indications(instance: Instance | undefined): object {
  if (instance?.status?.phase !== 'Running') return {};
  const agent = instance.status.conditions?.some(
    ({ type, status }) => type === 'AgentConnected' && status === 'True',
  );
  const words = ['Online', agent ? 'GuestAgent' : 'NoGuestAgent'];
  return {
    indications: words,
    sourceIndications: words.map(indication => ({ indication, message: `${indication} (simulated)` })),
  };
}

/** A condition of a snapshot or of a restore. */
export function condition(type: string, status: Condition['status'], reason: string): Condition {
  return { type, status, reason };
}
