import type { FactSource } from '../../activities/rollout.ts';
import type { WatchChange } from '../../clients/kubernetes/watch.ts';
import {
  factsOf,
  type ObservedDeployment,
  type ObservedPod,
  type ObservedReplicaSet,
} from '../../clients/kubernetes/workloads.ts';
import type { WorkloadFacts } from '../../domain/health.ts';

type Listener = () => void;

/** Everything observed, by runtime: put together into facts only when somebody asks. */
export class WorkloadStore implements FactSource {
  private readonly workloads = new Map<string, Workload>();
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly ageSeconds: () => number;
  private readonly onAnyChange: (runtimeId: string) => void;

  /** `ageSeconds`: how long ago the most silent of the watches was heard; `onAnyChange`: called with every runtime that changed. */
  constructor(ageSeconds: () => number, onAnyChange: (runtimeId: string) => void) {
    this.ageSeconds = ageSeconds;
    this.onAnyChange = onAnyChange;
  }

  /** The facts of a runtime; nothing while its Deployment has not been seen. */
  read(runtimeId: string): WorkloadFacts | undefined {
    const age = this.ageSeconds();
    const workload = this.workloads.get(runtimeId) ?? emptyWorkload();
    const deployment = newestDeployment(workload);
    if (!Number.isFinite(age) || deployment === undefined) return undefined;
    const { replicaSets, pods } = workload;
    return {
      ...factsOf({ deployment, replicaSets: replicaSets.values(), pods: pods.values() }),
      observedAt: new Date(Date.now() - age * 1000).toISOString(),
    };
  }

  /** Calls the listener whenever something of the runtime changed; answers how to stop that. */
  onChange(runtimeId: string, listener: Listener): () => void {
    const listeners = this.listeners.get(runtimeId) ?? new Set();
    this.listeners.set(runtimeId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.listeners.get(runtimeId) === listeners)
        this.listeners.delete(runtimeId);
    };
  }

  changeDeployment(change: WatchChange<ObservedDeployment>): void {
    this.change(change, workload => workload.deployments);
  }

  changeReplicaSet(change: WatchChange<ObservedReplicaSet>): void {
    this.change(change, workload => workload.replicaSets);
  }

  changePod(change: WatchChange<ObservedPod>): void {
    this.change(change, workload => workload.pods);
  }

  private change<T extends { readonly uid: string; readonly runtimeId: string }>(
    { type, object }: WatchChange<T>,
    pick: (workload: Workload) => Map<string, T>,
  ): void {
    const { uid, runtimeId } = object;
    const workload = this.workloads.get(runtimeId) ?? emptyWorkload();
    if (type === 'put') pick(workload).set(uid, object);
    else pick(workload).delete(uid);
    if (isEmpty(workload)) this.workloads.delete(runtimeId);
    else this.workloads.set(runtimeId, workload);
    this.onAnyChange(runtimeId);
    for (const listener of [...(this.listeners.get(runtimeId) ?? [])]) listener();
  }
}

interface Workload {
  readonly deployments: Map<string, ObservedDeployment>;
  readonly replicaSets: Map<string, ObservedReplicaSet>;
  readonly pods: Map<string, ObservedPod>;
}

function emptyWorkload(): Workload {
  return { deployments: new Map(), replicaSets: new Map(), pods: new Map() };
}

function isEmpty({ deployments, replicaSets, pods }: Workload): boolean {
  return deployments.size + replicaSets.size + pods.size === 0;
}

/** There is one, but for the moment in which a deleted one and its successor are both there: then the newer (inserted last). */
function newestDeployment(workload: Workload): ObservedDeployment | undefined {
  return [...workload.deployments.values()].at(-1);
}
