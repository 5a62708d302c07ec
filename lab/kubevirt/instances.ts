import { has, imageOf } from './fates.ts';
import { launcherPod, MIGRATION_LABEL } from './launcher-pod.ts';
import type { Condition, Instance, Pod } from './objects.ts';
import { podsOf, type World, within } from './world.ts';

/** How long the registry of an image that is not there is asked before the kubelet backs off. */
const PULL_MS = 500;

/** Gives an instance its pod, says how it is by how the pod is, and lets it go when the pod is gone. */
export async function reconcileInstance(world: World, instance: Instance): Promise<void> {
  if (instance.metadata.deletionTimestamp) return endInstance(world, instance);
  if (instance.status?.phase === 'Failed') return;
  const image = imageOf(instance.spec, within(world.dataVolumes, instance.metadata));
  const missing = await missingClaim(world, instance);
  if (missing) return say(world, instance, 'Pending', [notSynchronized('FailedPvcNotFound', missing)]);
  const pod = podsOf(world, instance).find(
    ({ metadata }) => !metadata.labels?.[MIGRATION_LABEL] || isMoved(instance, metadata.name),
  );
  if (!pod && instance.status?.phase === 'Running') return say(world, instance, 'Failed', []);
  if (!pod) return makePod(world, instance, image);
  await followPod({ world, instance, pod, image });
}

function isMoved(instance: Instance, pod: string): boolean {
  const state = instance.status?.migrationState as
    | { targetPod?: string; completed?: boolean }
    | null
    | undefined;
  return state?.completed === true && state.targetPod === pod;
}

async function endInstance(world: World, instance: Instance): Promise<void> {
  const pods = podsOf(world, instance);
  for (const { metadata } of pods)
    if (!metadata.deletionTimestamp) await world.objects.delete('pod', metadata);
  if (pods.length === 0)
    await world.objects.patch('instance', instance.metadata, { metadata: { finalizers: null } });
}

async function missingClaim(
  { objects, dataVolumes }: World,
  instance: Instance,
): Promise<string | undefined> {
  const { namespace } = instance.metadata;
  for (const { persistentVolumeClaim, dataVolume } of instance.spec.volumes ?? []) {
    const claim = persistentVolumeClaim?.claimName ?? dataVolume?.name;
    const isImporting = within(dataVolumes, instance.metadata).some(
      ({ metadata, status }) => metadata.name === claim && status?.phase !== 'Succeeded',
    );
    if (!claim || isImporting) continue;
    const found = await objects.get('claim', { namespace, name: claim });
    if (!found) return `PVC ${namespace}/${claim} does not exist, waiting for it to appear`;
  }
  return undefined;
}

async function makePod(world: World, instance: Instance, image: string): Promise<void> {
  const importing = (instance.spec.volumes ?? []).some(({ dataVolume }) =>
    within(world.dataVolumes, instance.metadata).some(
      ({ metadata, status }) => metadata.name === dataVolume?.name && status?.phase !== 'Succeeded',
    ),
  );
  if (importing) return say(world, instance, 'Pending', []);
  try {
    await world.objects.create('pod', launcherPod({ instance, image }), instance.metadata.namespace);
    await say(world, instance, 'Scheduling', []);
  } catch (error) {
    // Quota or Pod Security: KubeVirt shows what the API server said, and tries again.
    const message = error instanceof Error ? error.message : String(error);
    await say(world, instance, 'Pending', [notSynchronized('FailedCreate', message)]);
  }
}

interface Followed {
  readonly world: World;
  readonly instance: Instance;
  readonly pod: Pod;
  readonly image: string;
}

async function followPod({ world, instance, pod, image }: Followed): Promise<void> {
  const { phase, conditions = [] } = pod.status ?? {};
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled');
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (scheduled?.status === 'False') return say(world, instance, 'Scheduling', [scheduled]);
  if (has('noSuchImage', image)) return say(world, instance, 'Scheduling', [notPulled(world, pod, image)]);
  if (phase !== 'Running') return say(world, instance, 'Scheduling', []);
  if (has('neverBoots', image)) return say(world, instance, 'Failed', []);
  const isReady = ready?.status === 'True';
  const why = isReady
    ? {}
    : { reason: 'GuestNotRunning', message: ready?.message ?? 'the guest does not answer' };
  const status = { nodeName: pod.spec.nodeName, activePods: { [pod.metadata.uid]: pod.spec.nodeName } };
  await say(
    world,
    instance,
    'Running',
    [
      { type: 'Ready', status: isReady ? 'True' : 'False', ...why },
      migratable(instance, image),
      ...(has('guestAgent', image) ? [{ type: 'AgentConnected', status: 'True' } as const] : []),
    ],
    status,
  );
}

function migratable(instance: Instance, image: string): Condition {
  const type = 'LiveMigratable';
  if (instance.spec.domain.devices.gpus)
    return {
      type,
      status: 'False',
      reason: 'HostDeviceNotLiveMigratable',
      message: 'VMI uses a PCI host devices',
    };
  if (has('notMigratable', image))
    return {
      type,
      status: 'False',
      reason: 'DisksNotLiveMigratable',
      message: 'cannot migrate VMI: PVC is not shared',
    };
  return { type, status: 'True' };
}

function notPulled({ now }: World, pod: Pod, image: string): Condition {
  const age = now.getTime() - Date.parse(pod.metadata.creationTimestamp);
  const reason = age > PULL_MS ? 'ImagePullBackOff' : 'ErrImagePull';
  return notSynchronized(reason, `Back-off pulling image "${image}": not found (simulated)`);
}

function notSynchronized(reason: string, message: string): Condition {
  return { type: 'Synchronized', status: 'False', reason, message };
}

async function say(
  { objects, now }: World,
  instance: Instance,
  phase: string,
  conditions: readonly Condition[],
  more: object = {},
): Promise<void> {
  const stamped = conditions.map(({ type, status, reason, message }) => ({
    ...{ type, status, lastTransitionTime: now.toISOString() },
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  }));
  await objects.patchStatus('instance', instance, { phase, conditions: stamped, ...more });
}
