import { fieldsOf, listOf, textOf } from '../../clients/kubernetes/objects.ts';
import { ask, type KubernetesClient } from '../../clients/kubernetes/requests.ts';
import { contentsOf } from '../adapters/conformance/cluster-contents.ts';

/** What each namespace of a project holds when no runtime is in it. */
const SLOT = ['LimitRange slot', 'NetworkPolicy default-deny', 'ResourceQuota slot'];

/** Everything in a project's namespace that is there because of a runtime, of every kind the cluster serves. */
export async function tracesIn(kubernetes: KubernetesClient, namespace: string): Promise<string[]> {
  const contents = await contentsOf(kubernetes, namespace);
  return [...contents.keys()].filter(key => !SLOT.includes(key));
}

/** Objects outside of any namespace that speak of the namespace, of every kind the cluster serves. */
export async function tracesOutside(kubernetes: KubernetesClient, namespace: string): Promise<string[]> {
  const lists = await Promise.all((await roots(kubernetes)).map(root => clusterWide(kubernetes, root)));
  const named = lists.flat().filter(object => JSON.stringify(object).includes(namespace));
  return named
    .map(({ kind, metadata }) => `${textOf(kind)} ${textOf(fieldsOf(metadata)['name'])}`)
    .filter(name => name !== `Namespace ${namespace}`);
}

/** The pods of a runtime that run or are about to. */
export async function podsOf(
  kubernetes: KubernetesClient,
  { namespace, runtimeId }: { readonly namespace: string; readonly runtimeId: string },
): Promise<readonly string[]> {
  const labelSelector = `runtimeai.dev/runtime=${runtimeId}`;
  const pods = await kubernetes.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector });
  return pods
    .filter(({ metadata, ...pod }) => !metadata.deletionTimestamp && !isOver(pod))
    .map(({ metadata }) => metadata.uid ?? '');
}

function isOver(pod: Readonly<Record<string, unknown>>): boolean {
  return ['Succeeded', 'Failed'].includes(textOf(fieldsOf(pod['status'])['phase']));
}

type Fields = Readonly<Record<string, unknown>>;

async function roots(kubernetes: KubernetesClient): Promise<readonly string[]> {
  const groups = listOf((await read(kubernetes, '/apis'))['groups']);
  const versions = groups.map(group => textOf(fieldsOf(group['preferredVersion'])['groupVersion']));
  return ['/api/v1', ...versions.map(version => `/apis/${version}`)];
}

async function clusterWide(kubernetes: KubernetesClient, root: string): Promise<Fields[]> {
  const kinds = listOf((await read(kubernetes, root))['resources']).filter(
    each => each['namespaced'] === false && (each['verbs'] as string[]).includes('list'),
  );
  const lists = kinds.map(async ({ kind, name }) => {
    const { items } = await read(kubernetes, `${root}/${textOf(name)}`);
    return listOf(items).map(item => ({ ...item, kind }));
  });
  return (await Promise.all(lists)).flat();
}

async function read(kubernetes: KubernetesClient, path: string): Promise<Fields> {
  const { body } = await ask(kubernetes.connection, `Reading ${path}`, { method: 'GET', path });
  return JSON.parse(body) as Fields;
}
