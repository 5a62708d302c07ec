import { isDeepStrictEqual } from 'node:util';
import { KubernetesError } from '../../clients/kubernetes/errors.ts';
import {
  fieldsOf,
  type KubernetesObject,
  listOf,
  numberOf,
  referenceOf,
  textOf,
} from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { RuntimeTarget } from '../../domain/change.ts';
import { AdapterFailure } from '../failure.ts';
import { refuseForeign } from '../ownership.ts';
import { PAUSED_REPLICAS, placeOf } from './names.ts';
import type { BackingStore } from './values.ts';

/** What a virtual cluster consists of: a StatefulSet, or with an etcd of its own a Deployment and etcd's StatefulSet. */
export interface Workloads {
  readonly controlPlane: KubernetesObject;
  readonly etcd?: KubernetesObject;
}

/** The workloads of the runtime, or nothing when its control plane is not there. */
export async function findWorkloads(
  kubernetes: KubernetesClient,
  target: RuntimeTarget,
): Promise<Workloads | undefined> {
  const { namespace, release } = target;
  const labelSelector = `release=${release},app in (vcluster,vcluster-etcd)`;
  const lists = await Promise.all(
    ['StatefulSet', 'Deployment'].map(kind =>
      kubernetes.list({ apiVersion: 'apps/v1', kind, namespace, labelSelector }),
    ),
  );
  const found = lists.flat();
  const controlPlane = found.find(object => object.metadata.labels?.['app'] === 'vcluster');
  if (controlPlane === undefined) return undefined;
  refuseForeign(controlPlane, target);
  const etcd = found.find(object => object.metadata.labels?.['app'] === 'vcluster-etcd');
  return { controlPlane, ...(etcd === undefined ? {} : { etcd }) };
}

/** The workloads, which must be there. */
export async function workloadsOf(kubernetes: KubernetesClient, target: RuntimeTarget): Promise<Workloads> {
  const found = await findWorkloads(kubernetes, target);
  if (found !== undefined) return found;
  throw new AdapterFailure(
    'object_gone',
    `${placeOf(target)} has no control plane: its StatefulSet is gone.`,
    {
      nextStep: 'Delete the runtime and create it anew; a snapshot in an outside storage is still there.',
    },
  );
}

/** How the virtual cluster keeps its state, from what is there. */
export function backingStoreOf({ etcd }: Workloads): BackingStore {
  if (etcd === undefined) return { kind: 'embedded' };
  return { kind: 'etcd', replicas: replicasWhenRunning(etcd) };
}

/** How many replicas it has, or had before it was paused. */
export function replicasWhenRunning(workload: KubernetesObject): number {
  const remembered = Number.parseInt(workload.metadata.annotations?.[PAUSED_REPLICAS] ?? '', 10);
  return Number.isFinite(remembered) ? remembered : numberOf(fieldsOf(workload['spec'])['replicas']);
}

/** Whether every replica of a workload runs its newest template, and none of an older one is left. */
export function isRolledOut(workload: KubernetesObject, replicas: number): boolean {
  const status = fieldsOf(workload['status']);
  const seen = numberOf(status['observedGeneration']) >= (workload.metadata.generation ?? 0);
  const updated = textOf(status['currentRevision']) === textOf(status['updateRevision']);
  const counts = ['replicas', 'updatedReplicas', 'readyReplicas'].map(field => numberOf(status[field]));
  return seen && updated && counts.every(count => count === replicas);
}

/** Whether a workload has been scaled to nothing, and its controller has seen to it. */
export function isAway(workload: KubernetesObject): boolean {
  const status = fieldsOf(workload['status']);
  const seen = numberOf(status['observedGeneration']) >= (workload.metadata.generation ?? 0);
  return seen && numberOf(fieldsOf(workload['spec'])['replicas']) === 0 && numberOf(status['replicas']) === 0;
}

/** Annotations to set, or with null to take away. */
export type Annotations = Readonly<Record<string, string | null>>;

interface Wanted {
  readonly annotations: Annotations;
  readonly spec?: Fields;
}

/** Changes a workload, unless it already is as wanted. Its controllers write into it meanwhile; then it is read anew. */
export async function change(
  kubernetes: KubernetesClient,
  workload: KubernetesObject,
  wanted: Wanted,
): Promise<void> {
  let newest = workload;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await changeOnce(kubernetes, newest, wanted);
      return;
    } catch (error) {
      const isLate = error instanceof KubernetesError && error.kind === 'conflict';
      if (!isLate || attempt === ATTEMPTS) throw error;
      newest = (await kubernetes.get(referenceOf(workload))) ?? newest;
    }
  }
}

const ATTEMPTS = 5;

async function changeOnce(
  kubernetes: KubernetesClient,
  workload: KubernetesObject,
  { annotations, spec = {} }: Wanted,
): Promise<void> {
  const { resourceVersion } = workload.metadata;
  const changed =
    isWithin(annotations, workload.metadata.annotations ?? {}) && isWithin(spec, fieldsOf(workload['spec']))
      ? workload
      : await kubernetes.patch(referenceOf(workload), { metadata: { resourceVersion, annotations }, spec });
  await leaveToHelm(kubernetes, { ...changed, apiVersion: workload.apiVersion, kind: workload.kind });
}

type Fields = Readonly<Record<string, unknown>>;

/** Whether a merge patch would change nothing. */
function isWithin(patch: Fields, fields: Fields): boolean {
  return Object.entries(patch).every(([name, value]) => {
    if (value === null) return fields[name] === undefined;
    if (typeof value === 'object') return isWithin(fieldsOf(value), fieldsOf(fields[name]));
    return isDeepStrictEqual(value, fields[name]);
  });
}

/**
 * Gives up the fields our patch has taken. Helm applies server-side and would refuse every later change of `replicas`
 * as a conflict with us; a field nobody owns is taken without one.
 */
async function leaveToHelm(kubernetes: KubernetesClient, workload: KubernetesObject): Promise<void> {
  const managers = listOf(workload.metadata['managedFields']);
  const others = managers.filter(
    entry => entry['manager'] !== 'runtimeai' || entry['operation'] !== 'Update',
  );
  if (others.length === managers.length) return;
  const { resourceVersion } = workload.metadata;
  await kubernetes.patch(referenceOf(workload), { metadata: { resourceVersion, managedFields: others } });
}
