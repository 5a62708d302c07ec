import type { FactSource } from '../../activities/rollout.ts';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import type { WatchChange } from '../../clients/kubernetes/watch.ts';
import {
  factsOf,
  type ObservedDeployment,
  type ObservedPod,
  type ObservedReplicaSet,
} from '../../clients/kubernetes/workloads.ts';
import type { PodFacts, WorkloadFacts } from '../../domain/health.ts';
import type { SeenObject } from './seen-objects.ts';

type Listener = () => void;

/** What is there of one runtime in the eyes of its adapter. */
export interface SeenRuntime {
  readonly objects: readonly KubernetesObject[];
  readonly pods: readonly PodFacts[];
  /** Of its objects; empty when there are none. */
  readonly namespace: string;
  /** Why the adapter could not read one of them. */
  readonly fault: string | undefined;
  readonly rollingOut: boolean;
}

/** Everything observed, by runtime: put together only when somebody asks. */
export class WorkloadStore implements FactSource {
  private readonly workloads = new Map<string, Workload>();
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly ageSeconds: () => number;
  private readonly onAnyChange: (runtimeId: string) => void;

  /**
   * `ageSeconds`: how long ago the most silent of the watches of Deployments, ReplicaSets and Pods was heard;
   * `onAnyChange`: called with every runtime that changed.
   */
  constructor(ageSeconds: () => number, onAnyChange: (runtimeId: string) => void) {
    this.ageSeconds = ageSeconds;
    this.onAnyChange = onAnyChange;
  }

  /** The facts of a runtime's Deployment; nothing while it has not been seen. */
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

  /** What is there of a runtime, as this adapter kept it; pods of other namespaces than its objects' are not its own. */
  seen(runtimeId: string, adapter: string): SeenRuntime {
    const workload = this.workloads.get(runtimeId) ?? emptyWorkload();
    const namespaces = new Set<string>();
    const objects: KubernetesObject[] = [];
    let fault: string | undefined;
    for (const { kept, namespace } of workload.objects.values())
      for (const one of kept) {
        if (one.adapter !== adapter) continue;
        namespaces.add(namespace);
        if ('object' in one) objects.push(one.object);
        else fault ??= one.fault;
      }
    const own = [...workload.pods.values()].filter(
      pod => namespaces.size === 0 || namespaces.has(pod.namespace),
    );
    const [namespace = ''] = namespaces;
    const rollingOut = newestDeployment(workload)?.facts.rollingOut === true;
    return { objects, pods: own.map(pod => pod.facts), namespace, fault, rollingOut };
  }

  /** Whose the runtime is, by what is labelled as its; nothing when no such object is there. */
  tenantOf(runtimeId: string): string | undefined {
    for (const { tenantId } of this.workloads.get(runtimeId)?.objects.values() ?? [])
      if (tenantId !== '') return tenantId;
    return undefined;
  }

  /** The nodes on which pods of runtimes are. */
  nodes(): ReadonlySet<string> {
    const names = new Set<string>();
    for (const { pods } of this.workloads.values())
      for (const { facts } of pods.values()) if (facts.nodeName !== undefined) names.add(facts.nodeName);
    return names;
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
    this.wake(change.object.runtimeId);
  }

  changeReplicaSet(change: WatchChange<ObservedReplicaSet>): void {
    this.change(change, workload => workload.replicaSets);
    this.wake(change.object.runtimeId);
  }

  changePod(change: WatchChange<ObservedPod>): void {
    this.change(change, workload => workload.pods);
    this.wake(change.object.runtimeId);
  }

  /** Of any kind; those who listen for facts of a Deployment hear nothing of it. */
  changeObject(change: WatchChange<SeenObject>): void {
    this.change(change, workload => workload.objects);
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
  }

  private wake(runtimeId: string): void {
    for (const listener of [...(this.listeners.get(runtimeId) ?? [])]) listener();
  }
}

interface Workload {
  readonly deployments: Map<string, ObservedDeployment>;
  readonly replicaSets: Map<string, ObservedReplicaSet>;
  readonly pods: Map<string, ObservedPod>;
  readonly objects: Map<string, SeenObject>;
}

function emptyWorkload(): Workload {
  return { deployments: new Map(), replicaSets: new Map(), pods: new Map(), objects: new Map() };
}

function isEmpty({ deployments, replicaSets, pods, objects }: Workload): boolean {
  return deployments.size + replicaSets.size + pods.size + objects.size === 0;
}

/** There is one, but for the moment in which a deleted one and its successor are both there: then the newer (inserted last). */
function newestDeployment(workload: Workload): ObservedDeployment | undefined {
  return [...workload.deployments.values()].at(-1);
}
