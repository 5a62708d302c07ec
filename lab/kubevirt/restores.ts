import { typeOf } from './cluster.ts';
import { type Machine, type MachineSpec, ownedBy, type Restore, type SnapshotContent } from './objects.ts';
import { condition, KEPT_SIZING } from './snapshots.ts';
import { named, type World } from './world.ts';

/** On a claim and on a machine: the restore it was last put back by. */
const LAST_RESTORE = 'restore.kubevirt.io/lastRestoreUID';

/** Stops the target, puts its disks and its definition back, and says so; what it lacks it says, and tries again. */
export async function reconcileRestore(world: World, restore: Restore): Promise<void> {
  const { metadata, spec, status } = restore;
  if (metadata.deletionTimestamp || status?.complete) return;
  const machine = named(world.machines, metadata, spec.target.name);
  const content = await contentOf(world, restore);
  if (!machine) return say(world, restore, 'Restore target does not exist');
  if (typeof content === 'string') return say(world, restore, content);
  if (named(world.instances, metadata, spec.target.name)) return stopTarget(world, restore, machine);
  await world.objects.patchStatus('machine', machine, { restoreInProgress: metadata.name });
  if (!(await restoreDisks(world, restore, content))) return say(world, restore, 'Waiting for new PVCs');
  await restoreMachine(world, machine, { restore, content });
  const locked = { ...machine, status: { restoreInProgress: metadata.name } };
  await world.objects.patchStatus('machine', locked, { restoreInProgress: null });
  await world.objects.patchStatus('restore', restore, {
    ...{ complete: true, restoreTime: world.now.toISOString(), restores: restoresOf(content) },
    conditions: [condition('Ready', 'True', 'Operation complete')],
  });
}

async function contentOf(world: World, { metadata, spec }: Restore): Promise<SnapshotContent | string> {
  const name = spec.virtualMachineSnapshotName;
  const snapshot = named(world.snapshots, metadata, name);
  if (!snapshot) return `VMSnapshot ${metadata.namespace}/${name} does not exist`;
  const contentName = snapshot.status?.virtualMachineSnapshotContentName;
  if (!snapshot.status?.readyToUse || !contentName) return `VMSnapshot ${name} is not ready`;
  const place = { namespace: metadata.namespace, name: contentName };
  return (
    (await world.objects.get<SnapshotContent>('content', place)) ??
    `VMSnapshotContent ${contentName} does not exist`
  );
}

async function stopTarget(world: World, restore: Restore, machine: Machine): Promise<void> {
  const policy = restore.spec.targetReadinessPolicy;
  if (policy === 'FailImmediate') return say(world, restore, 'Restore target is not ready', true);
  if (policy === 'StopTarget' && machine.spec.runStrategy !== 'Halted')
    await world.objects.patch('machine', machine.metadata, { spec: { runStrategy: 'Halted' } });
  await say(world, restore, 'Automatically stopping restore target for restore operation');
}

/** Replaces each claim by a new one of its name; true when all are there. */
async function restoreDisks(world: World, restore: Restore, content: SnapshotContent): Promise<boolean> {
  const { namespace, uid } = restore.metadata;
  await world.objects.patchStatus('restore', restore, { complete: false, restores: restoresOf(content) });
  let isDone = true;
  for (const { persistentVolumeClaim } of content.spec.volumeBackups ?? []) {
    const { name = '', labels } = persistentVolumeClaim.metadata;
    const there = await world.objects.get('claim', { namespace, name });
    if (there?.metadata.annotations?.[LAST_RESTORE] === uid) continue;
    isDone = false;
    if (there) await world.objects.delete('claim', { namespace, name });
    else {
      const ownerReferences = [await ownerOf(world, restore)];
      const metadata = { name, labels, annotations: { [LAST_RESTORE]: uid }, ownerReferences };
      await world.objects.create('claim', { metadata, spec: persistentVolumeClaim.spec }, namespace);
    }
  }
  return isDone;
}

async function ownerOf(world: World, { metadata, spec }: Restore): Promise<object> {
  const machine = named(world.machines, metadata, spec.target.name);
  if (!machine) throw new Error(`The machine ${spec.target.name} went while it was restored.`);
  return ownedBy(machine, ...typeOf('machine'));
}

function restoresOf({ spec }: SnapshotContent): readonly object[] {
  return (spec.volumeBackups ?? []).map(({ volumeName, volumeSnapshotName, persistentVolumeClaim }) => ({
    ...{ volumeName, volumeSnapshotName },
    persistentVolumeClaim: persistentVolumeClaim.metadata.name,
  }));
}

/** The definition comes back too, with a copy of the size it had; only the run strategy stays. */
async function restoreMachine(
  world: World,
  machine: Machine,
  { restore, content }: { restore: Restore; content: SnapshotContent },
): Promise<void> {
  const { namespace, name, uid } = machine.metadata;
  const kept = content.spec.source.virtualMachine;
  const data = { spec: JSON.parse(kept.metadata.annotations?.[KEPT_SIZING] ?? 'null') as unknown };
  const revisionName = `${name}-${kept.spec.instancetype?.name ?? 'none'}-${uid.slice(0, 8)}`.slice(0, 200);
  const metadata = { name: revisionName, ownerReferences: [ownedBy(machine, ...typeOf('machine'))] };
  if (data.spec) await world.objects.create('revision', { metadata, data, revision: 1 }, namespace);
  const spec: MachineSpec = {
    ...kept.spec,
    ...(machine.spec.runStrategy === undefined ? {} : { runStrategy: machine.spec.runStrategy }),
    ...(kept.spec.instancetype ? { instancetype: { ...kept.spec.instancetype, revisionName } } : {}),
  };
  await world.objects.patch('machine', machine.metadata, {
    metadata: { annotations: { [LAST_RESTORE]: restore.metadata.uid } },
    spec,
  });
}

async function say({ objects }: World, restore: Restore, reason: string, isFailure = false): Promise<void> {
  const conditions = [
    condition('Progressing', 'False', reason),
    condition('Ready', 'False', reason),
    ...(isFailure ? [condition('Failure', 'True', reason)] : []),
  ];
  await objects.patchStatus('restore', restore, { complete: false, conditions });
}
