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
import { type FollowedKind, type KindState, type KindWatch, startKindWatch } from './kind-watch.ts';
import { type HealthViews, keeperOf, kindsBeside, type SeenObject } from './seen-objects.ts';
import { type Sight, sightOf, wordFor } from './sight.ts';
import { WorkloadStore } from './workload-store.ts';

/** The kinds that are always followed: verifying a rollout needs them, and every kind of runtime has pods. */
const ALWAYS = {
  Deployment: { apiVersion: 'apps/v1', kind: 'Deployment' },
  ReplicaSet: { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  Pod: { apiVersion: 'v1', kind: 'Pod' },
} as const satisfies Readonly<Record<string, FollowedKind>>;

export interface ClusterWatchOptions {
  readonly connection: KubernetesConnection;
  readonly maxAgeSeconds: number;
  /** How adapters look at their runtimes; the kinds they name are followed as soon as the cluster has them. */
  readonly views?: HealthViews;
  /** Called with every runtime of which something changed. */
  readonly onChange: (runtimeId: string) => void;
  readonly onTrouble: (kind: string, trouble: WatchTrouble) => void;
  /** Called when a kind that an adapter names came, was read for the first time, or went. */
  readonly onKind?: (kind: string, state: KindState) => void;
}

/** All runtimes of the cluster, followed by one watch for each kind. */
export interface ClusterWatch {
  readonly facts: WorkloadStore;
  /** Resolves when Deployments, ReplicaSets and Pods have been listed once. */
  readonly listed: Promise<void>;
  /** How long ago the watch of this kind was heard; without one, the most silent of the three that are always needed. */
  ageSeconds(kind?: string): number;
  /** Whether everything is known that this adapter judges by. */
  sight(adapter: string): Sight;
  /** What is followed now, with how many objects of it there are. */
  kinds(): readonly { readonly kind: string; readonly ageSeconds: number; readonly count: number }[];
  stop(): Promise<void>;
}

/** Begins to follow, in the whole cluster, what runtimes are made of. */
export function startClusterWatch(options: ClusterWatchOptions): ClusterWatch {
  const { maxAgeSeconds, views = new Map(), onKind = () => undefined } = options;
  const base = () => [...always.values()].map(watch => watch.ageSeconds());
  const facts = new WorkloadStore(() => Math.max(...base()), options.onChange);
  const always = followAlways(options, facts);
  const others = new Map<string, KindWatch>();
  for (const kind of kindsBeside(Object.values(ALWAYS), views))
    others.set(wordFor(kind), followWhenThere(options, kind, { facts, views, onKind }));
  const followed = () => [...others].filter(([, watch]) => watch.state() !== 'not_installed');
  const all = [...always.values(), ...others.values()];
  return {
    facts,
    listed: Promise.all([...always.values()].map(watch => watch.listed)).then(() => undefined),
    ageSeconds: kind =>
      (kind === undefined ? undefined : (always.get(kind) ?? others.get(kind))?.ageSeconds()) ??
      Math.max(...base()),
    sight: adapter => sightOf(views.get(adapter)?.kinds ?? [], { watches: others, maxAgeSeconds }),
    kinds: () => [
      ...[...always].map(([kind, watch]) => ({
        kind,
        ageSeconds: watch.ageSeconds(),
        count: watch.objects.size,
      })),
      ...followed().map(([kind, watch]) => ({ kind, ageSeconds: watch.ageSeconds(), count: watch.count() })),
    ],
    stop: () => Promise.all(all.map(watch => watch.stop())).then(() => undefined),
  };
}

type Store = WorkloadStore;

function followAlways(options: ClusterWatchOptions, facts: Store): ReadonlyMap<string, Watch<unknown>> {
  return new Map<string, Watch<unknown>>([
    [
      'Deployment',
      follow(options, {
        ...ALWAYS.Deployment,
        project: observeDeployment,
        onChange: change => facts.changeDeployment(change),
        facts,
      }),
    ],
    [
      'ReplicaSet',
      follow(options, {
        ...ALWAYS.ReplicaSet,
        metadataOnly: true,
        project: observeReplicaSet,
        onChange: change => facts.changeReplicaSet(change),
        facts,
      }),
    ],
    [
      'Pod',
      follow(options, {
        ...ALWAYS.Pod,
        project: observePod,
        onChange: change => facts.changePod(change),
        facts,
      }),
    ],
  ]);
}

interface Following<T> extends FollowedKind {
  readonly metadataOnly?: boolean;
  readonly project: (object: KubernetesObject) => T;
  readonly onChange: (change: WatchChange<T>) => void;
  readonly facts: Store;
}

/** What rollouts need of an object, and beside it what adapters keep of it. */
interface Both<T> {
  readonly own: T;
  readonly seen: SeenObject | undefined;
}

function follow<T>(options: ClusterWatchOptions, following: Following<T>): Watch<Both<T>> {
  const { apiVersion, kind, metadataOnly = false, facts, project, onChange } = following;
  const keep = keeperOf({ apiVersion, kind }, options.views ?? new Map());
  return startWatch<Both<T>>({
    connection: options.connection,
    apiVersion,
    kind,
    metadataOnly,
    labelSelector: RUNTIME_LABEL,
    roundSeconds: roundSecondsOf(options),
    project: object => ({ own: project(object), seen: keep?.(object) }),
    onChange: ({ type, object: { own, seen } }) => {
      if (seen) facts.changeObject({ type, object: seen });
      onChange({ type, object: own });
    },
    onTrouble: trouble => options.onTrouble(kind, trouble),
  });
}

function followWhenThere(
  options: ClusterWatchOptions,
  kind: FollowedKind,
  {
    facts,
    views,
    onKind,
  }: { facts: Store; views: HealthViews; onKind: NonNullable<ClusterWatchOptions['onKind']> },
): KindWatch {
  const keep = keeperOf(kind, views);
  if (keep === undefined) throw new Error(`no adapter names ${kind.kind}`);
  return startKindWatch<SeenObject>({
    ...kind,
    connection: options.connection,
    labelSelector: RUNTIME_LABEL,
    roundSeconds: roundSecondsOf(options),
    project: keep,
    onChange: change => facts.changeObject(change),
    onTrouble: trouble => options.onTrouble(wordFor(kind), trouble),
    onState: state => onKind(wordFor(kind), state),
  });
}

/** Heard from at least three times before facts grow too old. */
function roundSecondsOf({ maxAgeSeconds }: ClusterWatchOptions): number {
  return Math.max(1, Math.min(10, Math.floor(maxAgeSeconds / 3)));
}
