import { KubernetesError } from '../../clients/kubernetes/errors.ts';
import { fieldsOf, nameOf, type ObjectReference, textOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Begun, Observation, SnapshotName, Step } from '../../domain/change.ts';
import { asNamePart } from '../../domain/rules/marks.ts';
import { AdapterFailure } from '../failure.ts';
import { KINDS, VOLUME } from './kinds.ts';
import { readLive } from './live.ts';
import { object } from './manifests.ts';
import type { Tools } from './settings.ts';

/** Throws why no snapshot can be taken here. */
export async function refuseSnapshot(kubernetes: Pick<KubernetesClient, 'list'>, step: Step): Promise<void> {
  if (!hasVolume(step)) return;
  const { namespace } = step.target;
  try {
    await kubernetes.list({ ...KINDS.volumeSnapshot, namespace });
  } catch (error) {
    if (!(error instanceof KubernetesError && error.kind === 'not_found')) throw error;
    throw new AdapterFailure(
      'snapshot_failed',
      'The volume of the sandbox cannot be copied: the cluster has no VolumeSnapshot API (snapshot.storage.k8s.io/v1).',
      {
        nextStep:
          'Install a CSI driver that takes snapshots and the snapshot controller: https://github.com/kubernetes-csi/external-snapshotter#usage',
      },
    );
  }
}

/** Copies the volume; of a sandbox that has none, writes down what it is made of. Its memory cannot be kept. */
export async function takeSnapshot({ kubernetes, settings }: Tools, step: Step): Promise<Begun> {
  const { sandbox } = await readLive(kubernetes, step);
  if (!sandbox) {
    throw new AdapterFailure('object_gone', 'There is nothing to take a snapshot of: the Sandbox is gone.', {
      nextStep: 'Look at the events of the runtime; create it anew or delete it.',
    });
  }
  const reference = snapshotReference(step);
  const snapshotClass = settings.snapshotClass;
  const source = { persistentVolumeClaimName: `${VOLUME}-${sandbox.metadata.name}` };
  const fields = hasVolume(step)
    ? { spec: { source, ...(snapshotClass ? { volumeSnapshotClassName: snapshotClass } : {}) } }
    : { data: { 'sandbox.json': JSON.stringify(sandbox['spec'], null, 2) } };
  // One that is there already was made by this step: its name is the snapshot's id.
  const existing = await kubernetes.get(reference);
  if (!existing) await kubernetes.apply(object(step, reference, fields), { force: true });
  return { awaiting: { for: 'snapshot' } };
}

/** Takes back a snapshot that was begun. */
export async function removeSnapshot({ kubernetes }: Tools, step: Step): Promise<Begun> {
  await kubernetes.delete(snapshotReference(step));
  return { awaiting: { for: 'no_snapshot' } };
}

/** How far a snapshot is on its way away. */
export async function progressNoSnapshot(
  kubernetes: Pick<KubernetesClient, 'get'>,
  step: Step,
): Promise<Observation> {
  const reference = snapshotReference(step);
  const found = await kubernetes.get(reference);
  return found
    ? { status: 'progressing', message: `${nameOf(reference)} is still there` }
    : { status: 'reached', message: `${nameOf(reference)} is gone` };
}

/** How far the snapshot is, and what is in it. */
export async function progressSnapshot(
  kubernetes: Pick<KubernetesClient, 'get'>,
  step: Step,
): Promise<Observation> {
  const reference = snapshotReference(step);
  const found = await kubernetes.get(reference);
  if (!found) return { status: 'failed', message: `${nameOf(reference)} is gone: somebody deleted it.` };
  const { kind, name, namespace = '' } = reference;
  const result = { snapshot: { ref: { kind, namespace, name }, contents: contentsOf(step) } };
  if (!hasVolume(step)) return { status: 'reached', message: `${nameOf(reference)} is written`, result };
  const status = fieldsOf(found['status']);
  if (status['readyToUse'] === true)
    return { status: 'reached', message: `${nameOf(reference)} is ready`, result };
  const trouble = textOf(fieldsOf(status['error'])['message']);
  if (trouble !== '') return { status: 'failed', message: `${nameOf(reference)} failed: ${trouble}` };
  return { status: 'progressing', message: `${nameOf(reference)} is not ready yet` };
}

function contentsOf(step: Step): readonly string[] {
  const memory = 'not in it: memory and running programs, which agent-sandbox cannot keep';
  if (hasVolume(step))
    return ['the volume at /data, as after a power failure', 'not in it: files elsewhere', memory];
  return [
    'the specification: image, command, variables, size, isolation',
    'not in it: files, as it has no volume',
    memory,
  ];
}

function hasVolume({ desired }: Step): boolean {
  return desired.spec.sandbox?.storage !== undefined;
}

function snapshotReference(step: Step): ObjectReference {
  const { namespace, release } = step.target;
  const kind = hasVolume(step) ? KINDS.volumeSnapshot : KINDS.configMap;
  return { ...kind, namespace, name: `${release}-${asNamePart(nameIn(step).id)}` };
}

function nameIn({ change }: Step): SnapshotName {
  if (change.verb === 'snapshot') return change.snapshot;
  throw new AdapterFailure('unknown', `A snapshot was asked for by a step that wants to ${change.verb}.`, {
    nextStep: 'Report this as a bug of RuntimeAI.',
  });
}
