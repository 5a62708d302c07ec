import { has, imageOf } from './fates.ts';
import { launcherPod, MIGRATION_LABEL } from './launcher-pod.ts';
import type { Instance, Migration, Pod } from './objects.ts';
import { named, podsOf, type World, within } from './world.ts';

/** How long the target pod of a simulated migration may be without a node; KubeVirt waits five minutes. */
const UNSCHEDULABLE_MS = 1500;

/** Moves an instance to another node, by a second pod as KubeVirt does, or says why it cannot. */
export async function reconcileMigration(world: World, migration: Migration): Promise<void> {
  const { phase } = migration.status ?? {};
  if (phase === 'Succeeded' || phase === 'Failed' || migration.metadata.deletionTimestamp) return;
  const instance = named(world.instances, migration.metadata, migration.spec.vmiName);
  const refusal = refusalOf(instance);
  if (!instance || refusal) return fail(world, migration, refusal ?? 'there is no such instance');
  const target = podsOf(world, instance).find(
    ({ metadata }) => metadata.labels?.[MIGRATION_LABEL] === migration.metadata.uid,
  );
  if (!target) return begin(world, migration, instance);
  await follow({ world, migration, instance, target });
}

/** Calls the target pods off whose migration somebody deleted. */
export async function endForgottenMigrations(world: World): Promise<void> {
  for (const pod of world.pods) {
    const uid = pod.metadata.labels?.[MIGRATION_LABEL];
    const isKnown = world.migrations.some(({ metadata }) => metadata.uid === uid);
    if (uid === undefined || isKnown) continue;
    const instance = named(world.instances, pod.metadata, pod.metadata.labels?.['vm.kubevirt.io/name'] ?? '');
    const state = instance?.status?.migrationState as
      | { targetPod?: string; completed?: boolean }
      | null
      | undefined;
    if (state?.completed && state.targetPod === pod.metadata.name) continue;
    await world.objects.delete('pod', pod.metadata);
    if (instance) await world.objects.patchStatus('instance', instance, { migrationState: null });
  }
}

function refusalOf(instance: Instance | undefined): string | undefined {
  if (!instance) return 'the VMI does not exist';
  const migratable = instance.status?.conditions?.find(({ type }) => type === 'LiveMigratable');
  if (migratable?.status === 'False') return `Cannot migrate VMI, Reason: ${migratable.reason}`;
  return undefined;
}

async function begin(world: World, migration: Migration, instance: Instance): Promise<void> {
  const { objects, now } = world;
  const image = imageOf(instance.spec, within(world.dataVolumes, instance.metadata));
  const from = instance.status?.nodeName ?? '';
  const nodeSelector = migration.spec.addedNodeSelector ?? {};
  const wish = { uid: migration.metadata.uid, from, nodeSelector };
  await objects.create('pod', launcherPod({ instance, image, migration: wish }), instance.metadata.namespace);
  const migrationState = {
    startTimestamp: now.toISOString(),
    sourceNode: from,
    migrationUid: wish.uid,
    completed: false,
  };
  await objects.patchStatus('instance', instance, {
    migrationState: { ...migrationState, endTimestamp: null },
  });
  await objects.patchStatus('migration', migration, { phase: 'Scheduling' });
}

interface Move {
  readonly world: World;
  readonly migration: Migration;
  readonly instance: Instance;
  readonly target: Pod;
}

async function follow({ world, migration, instance, target }: Move): Promise<void> {
  const { objects, now } = world;
  const image = imageOf(instance.spec, within(world.dataVolumes, instance.metadata));
  const age = now.getTime() - Date.parse(target.metadata.creationTimestamp);
  if (!target.spec.nodeName && age > UNSCHEDULABLE_MS)
    return callOff(
      { world, migration, instance, target },
      'target pod is unschedulable: no node can take it',
    );
  if (target.status?.phase !== 'Running') return;
  if (has('migrationFails', image))
    return callOff({ world, migration, instance, target }, 'Live migration failed (simulated)');
  const state = {
    ...{ endTimestamp: now.toISOString(), completed: true },
    ...{ targetNode: target.spec.nodeName, targetPod: target.metadata.name },
  };
  for (const { metadata } of podsOf(world, instance))
    if (metadata.uid !== target.metadata.uid) await objects.delete('pod', metadata);
  await objects.patch('instance', instance.metadata, {
    status: { nodeName: target.spec.nodeName, migrationState: state },
  });
  await objects.patchStatus('migration', migration, { phase: 'Succeeded', migrationState: state });
}

async function callOff({ world, migration, instance, target }: Move, why: string): Promise<void> {
  await world.objects.delete('pod', target.metadata);
  const state = { endTimestamp: world.now.toISOString(), failed: true, failureReason: why };
  await world.objects.patch('instance', instance.metadata, { status: { migrationState: state } });
  await fail(world, migration, why);
}

async function fail({ objects }: World, migration: Migration, why: string): Promise<void> {
  await objects.patchStatus('migration', migration, {
    phase: 'Failed',
    migrationState: { failed: true, failureReason: why },
  });
}
