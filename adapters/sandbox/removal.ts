import { type KubernetesObject, nameOf, referenceOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Begun, Observation, RuntimeTarget, Step } from '../../domain/change.ts';
import { listKnown, listOwn } from '../ownership.ts';
import { KINDS, type KindName, TEMPLATE_ANNOTATION } from './kinds.ts';
import type { Tools } from './settings.ts';

/** Removes everything of a sandbox; what the controller made of it goes with it. */
export async function remove({ kubernetes }: Tools, { target }: Pick<Step, 'target'>): Promise<Begun> {
  const ours = await labelled(kubernetes, target, OURS);
  for (const object of ours) await kubernetes.delete(referenceOf(object));
  return { awaiting: { for: 'gone' } };
}

/** How far the removal is: reached when nothing is left, down to pods and volumes. */
export async function progressAway(
  kubernetes: Pick<KubernetesClient, 'list'>,
  target: RuntimeTarget,
): Promise<Observation> {
  const left = await ownedObjects(kubernetes, target);
  if (left.length === 0) return { status: 'reached', message: 'nothing of it is left' };
  const words = left.map(object => nameOf(referenceOf(object))).join(', ');
  return { status: 'progressing', message: `still there: ${words}` };
}

/** All that belongs to a sandbox: what we made, and what the controller made of it. */
export async function ownedObjects(
  kubernetes: Pick<KubernetesClient, 'list'>,
  target: RuntimeTarget,
): Promise<readonly KubernetesObject[]> {
  const found = await labelled(kubernetes, target, [...OURS, ...MADE_OF_IT]);
  const known = new Set(found.map(({ metadata }) => metadata.uid));
  // What a pool makes bears no label of ours, only the name of its template.
  const sandboxes = await listKnown(kubernetes, { ...KINDS.sandbox, namespace: target.namespace });
  const pooled = sandboxes.filter(
    ({ metadata }) =>
      metadata.annotations?.[TEMPLATE_ANNOTATION] === target.release && !known.has(metadata.uid),
  );
  return [...found, ...pooled];
}

/** In this order: a claim before its pool, or the pool would be asked for another one. */
const OURS: readonly KindName[] = [
  'volumeSnapshot',
  'claim',
  'warmPool',
  'template',
  'sandbox',
  'networkPolicy',
  'configMap',
];
const MADE_OF_IT: readonly KindName[] = ['pod', 'volumeClaim'];

async function labelled(
  kubernetes: Pick<KubernetesClient, 'list'>,
  target: RuntimeTarget,
  kinds: readonly KindName[],
): Promise<readonly KubernetesObject[]> {
  return (await Promise.all(kinds.map(kind => listOwn(kubernetes, KINDS[kind], target)))).flat();
}
