import { setTimeout as delay } from 'node:timers/promises';
import { KubernetesError } from '../../../clients/kubernetes/errors.ts';
import { type KubernetesObject, listOf, textOf } from '../../../clients/kubernetes/objects.ts';
import { ask, type KubernetesClient } from '../../../clients/kubernetes/requests.ts';

/** Objects by `Kind name`, in an order that does not depend on the cluster. */
export type Contents = ReadonlyMap<string, KubernetesObject>;

/**
 * Everything in a namespace, of every kind the API server serves, but for what the cluster itself puts into each
 * namespace and for events.
 */
export async function contentsOf(kubernetes: KubernetesClient, namespace: string): Promise<Contents> {
  const kinds = await servedKinds(kubernetes);
  const lists = await Promise.all(kinds.map(kind => listKind(kubernetes, kind, namespace)));
  const objects = lists.flat().filter(object => !OF_EVERY_NAMESPACE.includes(keyOf(object)));
  return new Map(objects.map(object => [keyOf(object), object] as const).sort(byKey));
}

/** What was declared of each object, without what the cluster adds and without marks of single operations. */
export function declared(contents: Contents): Record<string, unknown> {
  const kept = [...contents].filter(([, object]) => !isDerived(object) && object['type'] !== HELM_RELEASE);
  return Object.fromEntries(kept.map(([key, object]) => [key, withoutTraces(object)]));
}

/** Which objects these are and how often each was changed: equal when nothing was done to any of them. */
export function identities(contents: Contents): Record<string, string> {
  const kept = [...contents].filter(([, object]) => !isDerived(object));
  return Object.fromEntries(
    kept.map(([key, { metadata }]) => [key, `${metadata.uid} generation ${metadata.generation ?? 'none'}`]),
  );
}

/** Whether a controller made it of something else, so that nobody declares it and its end comes by itself. */
export function isDerived({ kind, metadata }: KubernetesObject): boolean {
  return DERIVED_KINDS.includes(kind) || (metadata.ownerReferences ?? []).length > 0;
}

/** Helm’s record of one revision, which is none of the runtime's own objects. */
const HELM_RELEASE = 'helm.sh/release.v1';
const OF_EVERY_NAMESPACE = ['ConfigMap kube-root-ca.crt', 'ServiceAccount default'];
const DERIVED_KINDS = ['ControllerRevision', 'EndpointSlice', 'Endpoints', 'Lease', 'Pod', 'ReplicaSet'];

interface ServedKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly path: string;
}

async function servedKinds(kubernetes: KubernetesClient): Promise<readonly ServedKind[]> {
  const { groups } = await read(kubernetes, '/apis');
  const versions = listOf(groups).map(group =>
    textOf((group['preferredVersion'] as never)?.['groupVersion']),
  );
  const roots = ['/api/v1', ...versions.map(version => `/apis/${version}`)];
  return (await Promise.all(roots.map(root => kindsBelow(kubernetes, root)))).flat();
}

async function kindsBelow(kubernetes: KubernetesClient, root: string): Promise<ServedKind[]> {
  const apiVersion = root.replace(/^\/apis?\//, '');
  const { resources } = await read(kubernetes, root);
  return listOf(resources)
    .filter(each => each['namespaced'] === true && (each['verbs'] as string[]).includes('list'))
    .filter(each => each['kind'] !== 'Event')
    .map(each => ({ apiVersion, kind: textOf(each['kind']), path: `${root}/*/${textOf(each['name'])}` }));
}

async function listKind(
  kubernetes: KubernetesClient,
  { apiVersion, kind, path }: ServedKind,
  namespace: string,
): Promise<KubernetesObject[]> {
  const { items } = await read(kubernetes, path.replace('*', `namespaces/${namespace}`));
  return listOf(items).map(item => ({ ...(item as unknown as KubernetesObject), apiVersion, kind }));
}

async function read(kubernetes: KubernetesClient, path: string): Promise<Readonly<Record<string, unknown>>> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      const { body } = await ask(kubernetes.connection, `Reading ${path}`, { method: 'GET', path });
      return JSON.parse(body) as Record<string, unknown>;
    } catch (error) {
      // A kind that was installed just now answers 429 until its storage is ready.
      const passes = error instanceof KubernetesError && error.retryable && Date.now() < deadline;
      if (!passes) throw error;
      await delay(200);
    }
  }
}

function keyOf({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata.name}`;
}

function byKey([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}

function withoutTraces({ status: _status, metadata, ...fields }: KubernetesObject): unknown {
  const { labels = {}, annotations = {} } = metadata;
  return { labels, annotations: withoutMarks(annotations), ...(withoutMarks(fields) as object) };
}

const MARK =
  /^(runtimeai\.dev\/|deployment\.kubernetes\.io\/revision|meta\.helm\.sh\/|kubectl\.kubernetes\.io\/restartedAt)/;
const LABEL_OF_OURS = /^runtimeai\.dev\/(runtime|tenant|project)$/;

function withoutMarks(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMarks);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !MARK.test(name) || LABEL_OF_OURS.test(name));
  const cleared = kept.map(([name, inner]) => [name, withoutMarks(inner)] as const);
  // Marks alone make no difference, and neither does the empty map that is left without them.
  return Object.fromEntries(cleared.filter(([name, inner]) => name !== 'annotations' || !isEmpty(inner)));
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
