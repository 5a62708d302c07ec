import type { KubernetesConnection } from '../../clients/kubernetes/connection.ts';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import {
  startWatch,
  type Watch,
  type WatchChange,
  type WatchTrouble,
} from '../../clients/kubernetes/watch.ts';
import { observeDeployment, observePod, observeReplicaSet } from '../../clients/kubernetes/workloads.ts';
import { RUNTIME_LABEL } from '../../domain/rules/labels.ts';
import { WorkloadStore } from './workload-store.ts';

export const WATCHED_KINDS = ['Deployment', 'ReplicaSet', 'Pod'] as const;
export type WatchedKind = (typeof WATCHED_KINDS)[number];

export interface ClusterWatchOptions {
  readonly connection: KubernetesConnection;
  readonly maxAgeSeconds: number;
  /** Called with every runtime of which something changed. */
  readonly onChange: (runtimeId: string) => void;
  readonly onTrouble: (kind: WatchedKind, trouble: WatchTrouble) => void;
}

/** All runtimes of the cluster, followed by one watch for each kind. */
export interface ClusterWatch {
  readonly facts: WorkloadStore;
  /** Resolves when everything has been listed once. */
  readonly listed: Promise<void>;
  /** How long ago the given watch, or else the most silent of them, was heard. */
  ageSeconds(kind?: WatchedKind): number;
  count(kind: WatchedKind): number;
  stop(): Promise<void>;
}

/** Begins to follow Deployments, ReplicaSets and Pods of all runtimes in the whole cluster. */
export function startClusterWatch(options: ClusterWatchOptions): ClusterWatch {
  const ageSeconds = (kind?: WatchedKind) =>
    kind === undefined ? Math.max(...all.map(watch => watch.ageSeconds())) : watches[kind].ageSeconds();
  const facts = new WorkloadStore(ageSeconds, options.onChange);
  const watches: Record<WatchedKind, Watch<unknown>> = {
    Deployment: follow(options, {
      kind: 'Deployment',
      project: observeDeployment,
      onChange: change => facts.changeDeployment(change),
    }),
    ReplicaSet: follow(options, {
      kind: 'ReplicaSet',
      metadataOnly: true,
      project: observeReplicaSet,
      onChange: change => facts.changeReplicaSet(change),
    }),
    Pod: follow(options, { kind: 'Pod', project: observePod, onChange: change => facts.changePod(change) }),
  };
  const all = Object.values(watches);
  return {
    facts,
    listed: Promise.all(all.map(watch => watch.listed)).then(() => undefined),
    ageSeconds,
    count: kind => watches[kind].objects.size,
    stop: () => Promise.all(all.map(watch => watch.stop())).then(() => undefined),
  };
}

interface Following<T> {
  readonly kind: WatchedKind;
  readonly metadataOnly?: boolean;
  readonly project: (object: KubernetesObject) => T;
  readonly onChange: (change: WatchChange<T>) => void;
}

function follow<T>(options: ClusterWatchOptions, following: Following<T>): Watch<T> {
  return startWatch({
    ...following,
    connection: options.connection,
    apiVersion: following.kind === 'Pod' ? 'v1' : 'apps/v1',
    labelSelector: RUNTIME_LABEL,
    // Heard from at least three times before facts grow too old.
    roundSeconds: Math.max(1, Math.min(10, Math.floor(options.maxAgeSeconds / 3))),
    onTrouble: trouble => options.onTrouble(following.kind, trouble),
  });
}
