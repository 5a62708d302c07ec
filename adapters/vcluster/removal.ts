import { type KubernetesObject, nameOf, referenceOf } from '../../clients/kubernetes/objects.ts';
import type { Begun, RuntimeTarget, Step } from '../../domain/change.ts';
import { markOf } from '../../domain/rules/marks.ts';
import type { Call } from '../adapter.ts';
import { selectorOf } from '../ownership.ts';
import { gone } from './awaited.ts';
import { MANAGED_BY, SNAPSHOT_REQUEST, VCLUSTER_NAME } from './names.ts';
import type { Tools } from './settings.ts';
import { removeRequest } from './snapshot.ts';

/** Removes the release, and what Helm does not know of: volumes, snapshot requests, and what the virtual cluster has put into its namespace. */
export async function remove(tools: Tools, step: Step, { signal }: Pick<Call, 'signal'>): Promise<Begun> {
  const { target } = step;
  const onlyOwn = step.before === null;
  await tools.releases.uninstall({ target, mark: markOf(step), onlyOwn }, signal);
  const left = await leftObjects(tools, target);
  const there = left.filter(object => object.metadata.deletionTimestamp === undefined || isRequest(object));
  await Promise.all(there.map(object => removeObject(tools, object)));
  return { awaiting: gone() };
}

/** What of the runtime is still in the cluster, in words. */
export async function leftOf(tools: Tools, target: RuntimeTarget): Promise<readonly string[]> {
  const [release, objects] = await Promise.all([tools.releases.read(target), leftObjects(tools, target)]);
  const helm = release === undefined ? [] : [`Helm release ${target.namespace}/${target.release}`];
  return [...helm, ...objects.map(object => nameOf(referenceOf(object)))];
}

/** Every kind of the chart, and every kind the virtual cluster puts into its namespace. */
const KINDS = [
  ['v1', 'Pod'],
  ['v1', 'Service'],
  ['v1', 'ConfigMap'],
  ['v1', 'Secret'],
  ['v1', 'ServiceAccount'],
  ['v1', 'PersistentVolumeClaim'],
  ['apps/v1', 'StatefulSet'],
  ['apps/v1', 'Deployment'],
  ['networking.k8s.io/v1', 'Ingress'],
  ['networking.k8s.io/v1', 'NetworkPolicy'],
] as const;

async function leftObjects(tools: Tools, target: RuntimeTarget): Promise<readonly KubernetesObject[]> {
  const lists = await Promise.all(
    KINDS.flatMap(([apiVersion, kind]) =>
      selectorsOf(target).map(labelSelector =>
        tools.kubernetes.list({ apiVersion, kind, namespace: target.namespace, labelSelector }),
      ),
    ),
  );
  const byName = new Map(lists.flat().map(object => [nameOf(referenceOf(object)), object]));
  const kubeconfig = await kubeconfigSecret(tools, target);
  if (kubeconfig !== undefined) byName.set(nameOf(referenceOf(kubeconfig)), kubeconfig);
  return [...byName.values()];
}

/** By our own label, by vcluster's, and by the labels a StatefulSet gives to its volume claims. */
function selectorsOf(target: RuntimeTarget): readonly string[] {
  const { release } = target;
  return [
    selectorOf(target),
    `${MANAGED_BY}=${release}`,
    `${VCLUSTER_NAME}=${release}`,
    `release=${release},app in (vcluster,vcluster-etcd)`,
  ];
}

/** The syncer writes it without a label. */
function kubeconfigSecret({ kubernetes }: Tools, { namespace, release }: RuntimeTarget) {
  return kubernetes.get({ apiVersion: 'v1', kind: 'Secret', namespace, name: `vc-${release}` });
}

function isRequest({ metadata }: KubernetesObject): boolean {
  return metadata.labels?.[SNAPSHOT_REQUEST] !== undefined;
}

function removeObject({ kubernetes }: Tools, object: KubernetesObject): Promise<void> {
  const { apiVersion, kind, metadata } = object;
  const reference = { apiVersion, kind, namespace: metadata.namespace ?? '', name: metadata.name };
  return isRequest(object) ? removeRequest(kubernetes, reference) : kubernetes.delete(reference);
}
