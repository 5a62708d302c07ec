import type { Kind, Objects } from './cluster.ts';
import type {
  DataVolume,
  Instance,
  Machine,
  Metadata,
  Migration,
  Pod,
  Restore,
  Snapshot,
} from './objects.ts';

/** Everything the stand-in looks at in one round. */
export interface World {
  readonly objects: Objects;
  readonly machines: readonly Machine[];
  readonly instances: readonly Instance[];
  readonly pods: readonly Pod[];
  readonly migrations: readonly Migration[];
  readonly snapshots: readonly Snapshot[];
  readonly restores: readonly Restore[];
  readonly dataVolumes: readonly DataVolume[];
  /** Fixed during the round. */
  readonly now: Date;
}

/** Reads the world anew. */
export async function readWorld(objects: Objects): Promise<World> {
  const list = <T extends Machine | Instance | Pod | Migration | Snapshot | Restore | DataVolume>(
    kind: Kind,
    query?: string,
  ) => objects.list<T>(kind, query);
  const [machines, instances, pods, migrations, snapshots, restores, dataVolumes] = await Promise.all([
    list<Machine>('machine'),
    list<Instance>('instance'),
    list<Pod>('pod', '?labelSelector=kubevirt.io%3Dvirt-launcher'),
    list<Migration>('migration'),
    list<Snapshot>('snapshot'),
    list<Restore>('restore'),
    list<DataVolume>('dataVolume'),
  ]);
  return {
    objects,
    machines,
    instances,
    pods,
    migrations,
    snapshots,
    restores,
    dataVolumes,
    now: new Date(),
  };
}

/** The object of a name in a namespace. */
export function named<T extends { readonly metadata: Metadata }>(
  all: readonly T[],
  { namespace }: Pick<Metadata, 'namespace'>,
  name: string,
): T | undefined {
  return all.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
}

/** Those of a namespace. */
export function within<T extends { readonly metadata: Metadata }>(
  all: readonly T[],
  { namespace }: Pick<Metadata, 'namespace'>,
): readonly T[] {
  return all.filter(({ metadata }) => metadata.namespace === namespace);
}

/** The pods around an instance. */
export function podsOf({ pods }: World, instance: Instance): readonly Pod[] {
  const { namespace, uid } = instance.metadata;
  return pods.filter(
    ({ metadata }) => metadata.namespace === namespace && metadata.labels?.['kubevirt.io/created-by'] === uid,
  );
}
