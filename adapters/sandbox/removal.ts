import { KubernetesError } from '../../clients/kubernetes/errors.ts';
import { type KubernetesObject, nameOf, referenceOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Begun, Observation, RuntimeTarget } from '../../domain/change.ts';
import { RUNTIME_LABEL } from '../../domain/rules/labels.ts';
import { KINDS, type KindName, TEMPLATE_ANNOTATION } from './kinds.ts';

/** Removes everything of a sandbox; what the controller made of it goes with it. */
export async function remove(
  kubernetes: KubernetesClient,
  { target, signal }: { readonly target: RuntimeTarget; readonly signal: AbortSignal },
): Promise<Begun> {
  signal.throwIfAborted();
  const ours = await labelled(kubernetes, target, OURS);
  for (const object of ours) await kubernetes.delete(referenceOf(object));
  return { awaiting: { goal: 'nothing' } };
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
  const sandboxes = await list(kubernetes, { ...KINDS.sandbox, namespace: target.namespace });
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
  { namespace, runtimeId }: RuntimeTarget,
  kinds: readonly KindName[],
): Promise<readonly KubernetesObject[]> {
  const labelSelector = `${RUNTIME_LABEL}=${runtimeId}`;
  const lists = kinds.map(kind => list(kubernetes, { ...KINDS[kind], namespace, labelSelector }));
  return (await Promise.all(lists)).flat();
}

/** Of a kind the cluster does not know there is nothing. */
async function list(
  kubernetes: Pick<KubernetesClient, 'list'>,
  options: Parameters<KubernetesClient['list']>[0],
): Promise<readonly KubernetesObject[]> {
  try {
    return await kubernetes.list(options);
  } catch (error) {
    if (error instanceof KubernetesError && error.kind === 'not_found') return [];
    throw error;
  }
}
