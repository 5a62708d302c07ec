import { type KubernetesObject, nameOf, referenceOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Begun, Observation, RuntimeTarget, Step } from '../../domain/change.ts';
import { listOwn } from '../ownership.ts';
import { KINDS, referenceTo, rootDiskName, type VmKind } from './kinds.ts';
import { deleteExactly } from './machine.ts';
import type { Tools } from './settings.ts';

/** In this order: what works on the machine, then the machine, then what it was made of. */
const REMOVED: readonly VmKind[] = [
  'migration',
  'restore',
  'snapshot',
  'machine',
  'instance',
  'dataVolume',
  'claim',
  'instancetype',
  'networkPolicy',
];

/** Removes everything of a machine, its snapshots and its disk included. */
export async function removeMachine({ kubernetes }: Tools, { target }: Pick<Step, 'target'>): Promise<Begun> {
  for (const kind of REMOVED) {
    const own = await ownObjects(kubernetes, kind, target);
    await Promise.all(own.map(object => deleteExactly(kubernetes, object)));
  }
  return { awaiting: { for: 'gone' } };
}

/** Whether anything of a machine is left; the pods around it end last. */
export async function observeRemoval(
  kubernetes: KubernetesClient,
  target: RuntimeTarget,
): Promise<Observation> {
  const left = await everything(kubernetes, target);
  if (left.length === 0) return { status: 'reached', message: 'nothing of the machine is left' };
  const names = left.slice(0, 5).map(object => nameOf(referenceOf(object)));
  return {
    status: 'progressing',
    message: `still there: ${names.join(', ')}${left.length > 5 ? ' and more' : ''}`,
  };
}

/** Everything of a machine that is in the cluster. */
export async function everything(
  kubernetes: KubernetesClient,
  target: RuntimeTarget,
): Promise<readonly KubernetesObject[]> {
  const kinds: readonly VmKind[] = [...REMOVED, 'pod'];
  const found = await Promise.all(kinds.map(kind => ownObjects(kubernetes, kind, target)));
  return found.flat();
}

/** A restored disk's claim is made by KubeVirt: it is ours by its name and owner, whatever labels it got. */
async function ownObjects(
  kubernetes: KubernetesClient,
  kind: VmKind,
  target: RuntimeTarget,
): Promise<readonly KubernetesObject[]> {
  const labelled = await listOwn(kubernetes, KINDS[kind], target);
  if (kind !== 'claim') return labelled;
  const root = await kubernetes.get(referenceTo('claim', target, rootDiskName(target)));
  const isListed = labelled.some(({ metadata }) => metadata.uid === root?.metadata.uid);
  return root === undefined || isListed || !isOfMachine(root, target) ? labelled : [...labelled, root];
}

function isOfMachine({ metadata }: KubernetesObject, target: RuntimeTarget): boolean {
  const names = { VirtualMachine: target.release, DataVolume: rootDiskName(target) };
  const owners = Object.entries(names);
  return (metadata.ownerReferences ?? []).some(({ kind, name }) =>
    owners.some(([ownerKind, ownerName]) => ownerKind === kind && ownerName === name),
  );
}
