import { setTimeout as sleep } from 'node:timers/promises';
import { KubernetesError } from '../../clients/kubernetes/errors.ts';
import { fieldsOf, type KubernetesObject, listOf, textOf } from '../../clients/kubernetes/objects.ts';
import { waitingOf } from '../../clients/kubernetes/pod-status.ts';
import type { Begun, RuntimeTarget, SnapshotRef, Step } from '../../domain/change.ts';
import { markOf } from '../../domain/rules/marks.ts';
import { complianceOf } from '../../domain/rules/placement.ts';
import { resourcesOf } from '../../domain/rules/sizes.ts';
import type { Call } from '../adapter.ts';
import { AdapterFailure } from '../failure.ts';
import { running, stopped } from './awaited.ts';
import { placeOf, RESTORED_BY, RESTORING } from './names.ts';
import { deleteManagedPods, pauseForRestore, resume } from './power.ts';
import { vclusterWish } from './refusals.ts';
import { setPower } from './release.ts';
import { restorePod, restorePodNameOf } from './restore-pod.ts';
import type { Tools } from './settings.ts';
import { locationOf, type SnapshotLocation } from './snapshot-location.ts';
import { change, isAway, workloadsOf } from './workloads.ts';

/**
 * vcluster's own restore (pkg/cli/restore_helm.go of v0.36.1): the control plane goes down, its pods are deleted, a pod
 * with its template runs the restore, the control plane comes up again. Returns when the restoring pod has ended well;
 * a repeated call goes on where the earlier one was cut off.
 */
export async function restore(tools: Tools, step: Step, { signal }: Call): Promise<Begun> {
  const location = locationOfSaved(step.target, snapshotIn(step));
  const { controlPlane } = await workloadsOf(tools.kubernetes, step.target);
  if (controlPlane.metadata.annotations?.[RESTORED_BY] !== markOf(step)) {
    await pauseForRestore(tools.kubernetes, controlPlane, replicasOf(step));
    await untilScaledDown(tools, step, signal);
    await deleteManagedPods(tools.kubernetes, step.target);
    const { labels } = complianceOf(vclusterWish(step.desired.spec), tools.settings);
    await createPod(tools, restorePod(step, { controlPlane, location, labels }));
    await untilEnded(tools, step, signal);
  }
  await finish(tools, step);
  return { awaiting: step.desired.power === 'stopped' ? stopped() : running(replicasOf(step)) };
}

/** Where a snapshot of this runtime lies, from what was kept of it; throws when that is not where we put it. */
export function locationOfSaved(
  target: RuntimeTarget,
  { id, ref }: { id: string; ref: SnapshotRef },
): SnapshotLocation {
  const url = ref['url'] ?? '';
  const ending = url.startsWith('oci:') ? `:${id}` : `/${id}.tar.gz`;
  if (url.endsWith(`/${target.tenantId}/${target.runtimeId}${ending}`)) return locationOf(url);
  throw new AdapterFailure(
    'snapshot_not_found',
    `${url || 'What is kept of the snapshot'} is not where snapshot ${id} of ${placeOf(target)} was put.`,
    { nextStep: 'Restore a snapshot of this very runtime, or take a new one.' },
  );
}

/** Throws why nothing can be restored now: an etcd of its own must run to be written into. */
export async function refuseRestore({ kubernetes }: Tools, step: Step): Promise<void> {
  const { etcd } = await workloadsOf(kubernetes, step.target);
  if (etcd === undefined || step.desired.power === 'running') return;
  throw new AdapterFailure(
    'wrong_state',
    `${placeOf(step.target)} is stopped, and its etcd with it, which a restore writes into.`,
    { nextStep: 'Start it, then restore.' },
  );
}

/** Takes a restore back: the restoring pod goes, the control plane comes up again with what is in its store. */
export async function undoRestore(tools: Tools, step: Step, { signal }: Call): Promise<Begun> {
  await tools.kubernetes.delete(podReference(step));
  await untilPodGone(tools, step, signal);
  return setPower(tools, { ...step, desired: step.before ?? step.desired });
}

function snapshotIn({ change }: Step) {
  if (change.verb === 'restore') return change.snapshot;
  throw new Error(`A step that is a ${change.verb} was handed to restore.`);
}

async function finish(tools: Tools, step: Step): Promise<void> {
  const workloads = await workloadsOf(tools.kubernetes, step.target);
  const replicas = replicasOf(step);
  const annotations = { [RESTORED_BY]: markOf(step) };
  if (step.desired.power === 'running') await resume(tools.kubernetes, { workloads, replicas, annotations });
  else
    await change(tools.kubernetes, workloads.controlPlane, {
      annotations: { ...annotations, [RESTORING]: null },
    });
  await tools.kubernetes.delete(podReference(step));
}

function replicasOf({ desired }: Step): number {
  return resourcesOf('vcluster', desired.spec).replicas;
}

async function untilScaledDown(tools: Tools, step: Step, signal: AbortSignal): Promise<void> {
  await until(signal, async () => {
    const { controlPlane } = await workloadsOf(tools.kubernetes, step.target);
    return isAway(controlPlane);
  });
}

async function createPod({ kubernetes }: Tools, pod: KubernetesObject): Promise<void> {
  try {
    await kubernetes.create(pod);
  } catch (error) {
    // An earlier attempt has made it.
    if (!(error instanceof KubernetesError && error.reason === 'AlreadyExists')) throw error;
  }
}

async function untilEnded({ kubernetes }: Tools, step: Step, signal: AbortSignal): Promise<void> {
  await until(signal, async () => {
    const pod = await kubernetes.get(podReference(step));
    const phase = textOf(fieldsOf(pod?.['status'])['phase']);
    if (pod === undefined || phase === 'Failed') throw notRestored(step, pod);
    return phase === 'Succeeded';
  });
}

async function untilPodGone({ kubernetes }: Tools, step: Step, signal: AbortSignal): Promise<void> {
  await until(
    AbortSignal.any([signal, AbortSignal.timeout(POD_END_MS)]),
    async () => (await kubernetes.get(podReference(step))) === undefined,
  );
}

const POD_END_MS = 60_000;
const LOOK_EVERY_MS = 250;

/** Looks until it is so; the operation's own time limit, or its cancellation, ends it through the signal. */
async function until(signal: AbortSignal, look: () => Promise<boolean>): Promise<void> {
  while (!(await look())) await sleep(LOOK_EVERY_MS, undefined, { signal });
}

function podReference(step: Step) {
  return { apiVersion: 'v1', kind: 'Pod', namespace: step.target.namespace, name: restorePodNameOf(step) };
}

function notRestored(step: Step, pod: KubernetesObject | undefined): AdapterFailure {
  const status = fieldsOf(pod?.['status']);
  const ended = listOf(status['containerStatuses']).map(container =>
    fieldsOf(fieldsOf(container['state'])['terminated']),
  );
  const said = [
    textOf(status['message']),
    ...ended.map(end => textOf(end['message'])),
    waitingOf(status)?.message,
  ];
  const why = pod === undefined ? 'its pod was deleted' : said.find(text => text) || 'its pod failed';
  return new AdapterFailure('restore_failed', `${placeOf(step.target)} could not be restored: ${why}`, {
    nextStep: `The control plane is brought up again with what its store holds now. Look at the log of pod ${restorePodNameOf(step)} and at the snapshot’s address.`,
  });
}
