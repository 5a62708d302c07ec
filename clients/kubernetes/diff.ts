import type { Plan } from '../../domain/deployment.ts';
import { diffText, wholeObject } from './diff-text.ts';
import { KubernetesError } from './errors.ts';
import { type KubernetesObject, nameOf, type ObjectReference, referenceOf } from './objects.ts';
import type { KubernetesClient } from './requests.ts';

export interface DiffInput {
  /** What the release consists of now; empty before the first install. */
  readonly previous: readonly KubernetesObject[];
  /** What it shall consist of. */
  readonly next: readonly KubernetesObject[];
  /** Who will apply it: only then does the dry run show which fields go away. */
  readonly fieldManager?: string;
  /** It will be applied with force: fields that somebody else has taken meanwhile are part of the change. */
  readonly force?: boolean;
}

type Change = Plan['changes'][number];

/**
 * What applying `next` would change in the cluster, object by object: each is sent through a server-side dry run and
 * compared with what is there. Throws a `KubernetesError` when the API server would refuse one of them.
 */
export async function diffObjects(client: KubernetesClient, input: DiffInput): Promise<readonly Change[]> {
  const kept = new Set(input.next.map(keyOf));
  const removed = input.previous.filter(object => !kept.has(keyOf(object)));
  const work = [
    ...input.next.map(object => () => changeOf(client, object, input)),
    ...removed.map(object => () => removalOf(client, object)),
  ];
  const changes = await inParallel(work, OBJECTS_AT_ONCE);
  return changes.filter(change => change !== undefined);
}

/** How many of each change there are. */
export function summarize(changes: readonly Change[]): Plan['summary'] {
  const summary = { create: 0, update: 0, unchanged: 0, remove: 0 };
  for (const { change } of changes) summary[change] += 1;
  return summary;
}

type Applying = Pick<DiffInput, 'fieldManager' | 'force'>;

const OBJECTS_AT_ONCE = 10;

async function changeOf(
  client: KubernetesClient,
  object: KubernetesObject,
  applying: Applying,
): Promise<Change> {
  const reference = referenceOf(object);
  const [live, outcome] = await Promise.all([client.get(reference), tryOut(client, object, applying)]);
  const named = { kind: object.kind, name: object.metadata.name };
  if (live === undefined) return { ...named, change: 'create', diff: wholeObject('+', object) };
  if (live.metadata.deletionTimestamp !== undefined) throw goingAway(reference);
  const diff = diffText(live, outcome);
  return { ...named, change: diff === '' ? 'unchanged' : 'update', diff };
}

async function tryOut(
  client: KubernetesClient,
  object: KubernetesObject,
  { fieldManager = 'helm', force = false }: Applying,
): Promise<KubernetesObject> {
  try {
    return await client.apply(object, { dryRun: true, fieldManager, force });
  } catch (error) {
    if (!(error instanceof KubernetesError) || !SCALED_BY_CONTROLLER.test(error.message)) throw error;
    return client.apply(object, { dryRun: true, fieldManager, force: true });
  }
}

/**
 * The number of replicas belongs to whoever set it last, an autoscaler or ourselves; whoever applies a fixed number
 * takes it over first (`adapters/agent-runtime/replicas.ts`). A person's `kubectl scale` stays a conflict.
 */
const SCALED_BY_CONTROLLER =
  /Apply failed with 1 conflict: conflict with "(kube-controller-manager|runtimeai-replicas)"[^:]*: \.spec\.replicas/;

async function removalOf(client: KubernetesClient, object: KubernetesObject): Promise<Change | undefined> {
  const live = await client.get(referenceOf(object));
  if (live === undefined) return undefined;
  return { kind: object.kind, name: object.metadata.name, change: 'remove', diff: wholeObject('-', live) };
}

function goingAway(reference: ObjectReference): KubernetesError {
  return new KubernetesError(
    `Comparing ${nameOf(reference)}: it is being deleted. Wait until it is gone; if it stays, look at its finalizers.`,
    { kind: 'terminating', retryable: true, reason: 'ObjectTerminating' },
  );
}

function keyOf(object: KubernetesObject): string {
  const group = object.apiVersion.includes('/') ? object.apiVersion.split('/')[0] : '';
  return [group, object.kind, object.metadata.namespace, object.metadata.name].join('/');
}

/** Does all the work, at most so many at once, and keeps the order. The first failure fails all. */
async function inParallel<T>(work: readonly (() => Promise<T>)[], atOnce: number): Promise<T[]> {
  const results: T[] = [];
  const left = [...work.entries()].values();
  const lane = async () => {
    for (const [index, task] of left) results[index] = await task();
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}
