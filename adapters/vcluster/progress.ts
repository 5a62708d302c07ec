import { fieldsOf, numberOf } from '../../clients/kubernetes/objects.ts';
import { waitingOf } from '../../clients/kubernetes/pod-status.ts';
import type { Begun, Observation, RuntimeTarget, Step } from '../../domain/change.ts';
import type { Awaited } from './awaited.ts';
import { placeOf } from './names.ts';
import { managedPods } from './power.ts';
import { leftOf } from './removal.ts';
import type { Tools } from './settings.ts';
import { observeSnapshot } from './snapshot.ts';
import { findWorkloads, isAway, isRolledOut } from './workloads.ts';

/** How far what was begun has come. */
export function observe(tools: Tools, step: Step, { awaiting }: Begun): Promise<Observation> {
  const awaited = awaiting as Awaited;
  switch (awaited.for) {
    case 'running':
      return observeRunning(tools, step.target, awaited.replicas);
    case 'stopped':
      return observeStopped(tools, step.target);
    case 'gone':
      return observeGone(tools, step.target);
    case 'snapshot':
      return observeSnapshot(tools.kubernetes, step.target, awaited);
    case 'nothing':
      return Promise.resolve({ status: 'reached', message: 'it is as it was' });
  }
}

async function observeRunning(tools: Tools, target: RuntimeTarget, replicas: number): Promise<Observation> {
  const workloads = await findWorkloads(tools.kubernetes, target);
  if (workloads === undefined) return goneAlready(target);
  const { controlPlane, etcd } = workloads;
  const etcdIsUp = etcd === undefined || isRolledOut(etcd, numberOf(fieldsOf(etcd['spec'])['replicas']));
  if (etcdIsUp && isRolledOut(controlPlane, replicas))
    return { status: 'reached', message: `${replicas} of ${replicas} control plane pods are ready` };
  const ready = numberOf(fieldsOf(controlPlane['status'])['readyReplicas']);
  const why = await whyNot(tools, target);
  return { status: 'progressing', message: `${ready} of ${replicas} control plane pods are ready${why}` };
}

/** What keeps the first pod that waits, in words. */
async function whyNot({ kubernetes }: Tools, { namespace, release }: RuntimeTarget): Promise<string> {
  const pods = await kubernetes.list({
    apiVersion: 'v1',
    kind: 'Pod',
    namespace,
    labelSelector: `release=${release}`,
  });
  for (const pod of pods) {
    const waiting = waitingOf(fieldsOf(pod['status']));
    if (waiting) return `; ${pod.metadata.name}: ${waiting.reason} ${waiting.message}`.trimEnd();
  }
  return '';
}

async function observeStopped({ kubernetes }: Tools, target: RuntimeTarget): Promise<Observation> {
  const workloads = await findWorkloads(kubernetes, target);
  if (workloads === undefined) return goneAlready(target);
  const { controlPlane, etcd } = workloads;
  // Before the pods: a controller that has not seen the change yet may still make one.
  if (!isAway(controlPlane) || (etcd !== undefined && !isAway(etcd)))
    return { status: 'progressing', message: 'its control plane is being scaled down' };
  const { namespace, release } = target;
  const labelSelector = `release=${release},app in (vcluster,vcluster-etcd)`;
  const own = await kubernetes.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector });
  const managed = await managedPods(kubernetes, target);
  if (own.length + managed.length === 0)
    return { status: 'reached', message: 'it is paused, no pod of it is left' };
  return {
    status: 'progressing',
    message: `${own.length} pods of the control plane and ${managed.length} inside it are still ending`,
  };
}

function goneAlready(target: RuntimeTarget): Observation {
  return { status: 'failed', message: `${placeOf(target)} is gone: somebody deleted its control plane` };
}

async function observeGone(tools: Tools, target: RuntimeTarget): Promise<Observation> {
  const left = await leftOf(tools, target);
  if (left.length === 0) return { status: 'reached', message: 'nothing of it is left' };
  return { status: 'progressing', message: `still there: ${left.slice(0, 5).join(', ')}` };
}
