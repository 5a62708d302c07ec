import { fieldsOf, type KubernetesObject, nameOf, textOf } from '../../clients/kubernetes/objects.ts';
import type { Begun, Change, Observation, RuntimeTarget, Step } from '../../domain/change.ts';
import { AdapterFailure } from '../failure.ts';
import { metadataOf } from '../ownership.ts';
import { conditionOf, statusOf } from './conditions.ts';
import { KINDS, machineReference, referenceTo, snapshotName } from './kinds.ts';
import { machineOf } from './machine.ts';
import type { Tools, VmSettings } from './settings.ts';
import { contentsOf } from './snapshot-contents.ts';

/** How much longer than its own deadline a snapshot is waited for: KubeVirt itself may be down. */
const MARGIN_SECONDS = 60;

/** The snapshot a step asks for, as an object. */
export function snapshotObject(step: Step, id: string, { snapshotSeconds }: VmSettings): KubernetesObject {
  return {
    ...KINDS.snapshot,
    metadata: { ...metadataOf(step), name: snapshotName(step.target, id) },
    spec: { source: machineReference(step.target), failureDeadline: `${snapshotSeconds}s` },
  };
}

/** Asks KubeVirt for a snapshot; an earlier attempt's is taken for it. */
export async function takeSnapshot({ kubernetes, settings }: Tools, step: Step): Promise<Begun> {
  if (step.change.verb !== 'snapshot') throw new Error('takeSnapshot is for snapshots');
  await machineOf(kubernetes, step);
  const { id } = step.change.snapshot;
  const name = snapshotName(step.target, id);
  const there = await kubernetes.get(referenceTo('snapshot', step.target, name));
  if (!there) await kubernetes.create(snapshotObject(step, id, settings));
  return { awaiting: { for: 'snapshot', name } };
}

/** How far a snapshot is. */
export async function observeSnapshot(
  { kubernetes, settings }: Tools,
  target: RuntimeTarget,
  name: string,
): Promise<Observation> {
  const snapshot = await kubernetes.get(referenceTo('snapshot', target, name));
  if (!snapshot)
    return { status: 'failed', message: `the VirtualMachineSnapshot ${name} was deleted by somebody else` };
  return judgeSnapshot(snapshot, settings, Date.now());
}

/** Whether a snapshot is ready, on the way, or failed. */
export function judgeSnapshot(
  snapshot: KubernetesObject,
  { snapshotSeconds }: Pick<VmSettings, 'snapshotSeconds'>,
  now: number,
): Observation {
  const status = statusOf(snapshot);
  const { name, uid = '', creationTimestamp = '' } = snapshot.metadata;
  if (status['readyToUse'] === true) {
    const contents = contentsOf(status);
    return {
      status: 'reached',
      message: `snapshot ${name}: ${contents.join('; ')}`,
      result: { snapshot: { ref: { name, uid }, contents } },
    };
  }
  const why = trouble(snapshot);
  if (status['phase'] === 'Failed')
    return { status: 'failed', message: `KubeVirt could not take it: ${why}` };
  if (now - Date.parse(creationTimestamp) > (snapshotSeconds + MARGIN_SECONDS) * 1000)
    return { status: 'failed', message: `not ready ${snapshotSeconds} s after it was asked for: ${why}` };
  return { status: 'progressing', message: `the snapshot is being taken (${why})` };
}

/** The snapshot a restore names, ready and the very one that was recorded. */
export async function snapshotToRestore(
  { kubernetes }: Tools,
  { target }: Step,
  { snapshot }: Extract<Change, { verb: 'restore' }>,
): Promise<KubernetesObject> {
  const reference = referenceTo(
    'snapshot',
    target,
    snapshot.ref['name'] ?? snapshotName(target, snapshot.id),
  );
  const found = await kubernetes.get(reference);
  const uid = snapshot.ref['uid'];
  if (!found || (uid !== undefined && found.metadata.uid !== uid))
    throw new AdapterFailure('snapshot_not_found', `${nameOf(reference)} is gone from the cluster.`, {
      nextStep: 'Restore another snapshot (GET /v1/runtimes/{runtime_id}/snapshots lists them).',
    });
  if (statusOf(found)['readyToUse'] === true) return found;
  throw new AdapterFailure('restore_failed', `${nameOf(reference)} is not ready to use: ${trouble(found)}.`, {
    nextStep: 'Look at the VolumeSnapshots it names, or restore another snapshot.',
  });
}

function trouble(snapshot: KubernetesObject): string {
  const status = statusOf(snapshot);
  const error = textOf(fieldsOf(status['error'])['message']);
  const words = ['Failure', 'Progressing', 'Ready'].map(type => {
    const condition = conditionOf(snapshot, type);
    return condition && [condition.reason, condition.message].filter(Boolean).join(': ');
  });
  return [error, ...words].find(Boolean) ?? (textOf(status['phase']) || 'KubeVirt has not looked at it yet');
}
