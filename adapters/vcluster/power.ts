import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { RuntimeTarget } from '../../domain/change.ts';
import { MANAGED_BY, PAUSED, PAUSED_DATE, PAUSED_REPLICAS, RESTORING } from './names.ts';
import { type Annotations, change, replicasWhenRunning, type Workloads } from './workloads.ts';

/**
 * vcluster's own pause (pkg/lifecycle of v0.36.1): annotations that remember the replicas, none running, and the pods
 * it has put into the host cluster deleted. `vcluster list` and `vcluster resume` therefore agree with us. `replicas`
 * is what a resume shall bring back.
 */
export async function pause(
  kubernetes: KubernetesClient,
  target: RuntimeTarget,
  { workloads, replicas, annotations = {} }: Resting,
): Promise<void> {
  await scaleDown(kubernetes, { workload: workloads.controlPlane, replicas, why: PAUSED, annotations });
  if (workloads.etcd !== undefined) {
    const etcd = { workload: workloads.etcd, replicas: replicasWhenRunning(workloads.etcd), why: PAUSED };
    await scaleDown(kubernetes, etcd);
  }
  await deleteManagedPods(kubernetes, target);
}

/** Takes the control plane away for a restore; etcd stays, for the restore writes into it. */
export async function pauseForRestore(
  kubernetes: KubernetesClient,
  workload: KubernetesObject,
  replicas: number,
): Promise<void> {
  await scaleDown(kubernetes, { workload, replicas, why: RESTORING });
}

interface Resting {
  readonly workloads: Workloads;
  /** Of the control plane, when it runs. */
  readonly replicas: number;
  /** Set in the same change. */
  readonly annotations?: Annotations;
}

/** Ends a pause or a restore, with this many replicas. */
export async function resume(
  kubernetes: KubernetesClient,
  { workloads, replicas, annotations = {} }: Resting,
): Promise<void> {
  const { etcd, controlPlane } = workloads;
  if (etcd !== undefined)
    await change(kubernetes, etcd, { annotations: FORGET, spec: { replicas: replicasWhenRunning(etcd) } });
  await change(kubernetes, controlPlane, { annotations: { ...FORGET, ...annotations }, spec: { replicas } });
}

/** Deletes the pods the virtual cluster has put into its namespace; it makes them again when it runs. */
export async function deleteManagedPods(kubernetes: KubernetesClient, target: RuntimeTarget): Promise<void> {
  const pods = await managedPods(kubernetes, target);
  await Promise.all(
    pods
      .filter(pod => pod.metadata.deletionTimestamp === undefined)
      .map(({ metadata: { name } }) =>
        kubernetes.delete({ apiVersion: 'v1', kind: 'Pod', namespace: target.namespace, name }),
      ),
  );
}

/** The pods the virtual cluster has put into its namespace. */
export function managedPods(
  kubernetes: KubernetesClient,
  { namespace, release }: RuntimeTarget,
): Promise<readonly KubernetesObject[]> {
  return kubernetes.list({
    apiVersion: 'v1',
    kind: 'Pod',
    namespace,
    labelSelector: `${MANAGED_BY}=${release}`,
  });
}

const FORGET = { [PAUSED]: null, [RESTORING]: null, [PAUSED_REPLICAS]: null, [PAUSED_DATE]: null };

interface ScaleDown {
  readonly workload: KubernetesObject;
  readonly replicas: number;
  readonly why: string;
  readonly annotations?: Annotations;
}

async function scaleDown(
  kubernetes: KubernetesClient,
  { workload, replicas, why, annotations = {} }: ScaleDown,
): Promise<void> {
  const since = workload.metadata.annotations?.[PAUSED_DATE] ?? new Date().toISOString();
  await change(kubernetes, workload, {
    annotations: { ...annotations, [why]: 'true', [PAUSED_REPLICAS]: String(replicas), [PAUSED_DATE]: since },
    spec: { replicas: 0 },
  });
}
