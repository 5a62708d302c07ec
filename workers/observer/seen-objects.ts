import type { HealthView } from '../../adapters/adapter.ts';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import { RUNTIME_LABEL, TENANT_LABEL } from '../../domain/rules/labels.ts';
import type { FollowedKind } from './kind-watch.ts';

/** An object of a runtime, as each adapter that names its kind keeps it. */
export interface SeenObject {
  readonly uid: string;
  readonly runtimeId: string;
  readonly tenantId: string;
  readonly namespace: string;
  readonly kept: readonly Kept[];
}

/** What an adapter keeps of an object, or why it could not. */
export type Kept = { readonly adapter: string } & (
  | { readonly object: KubernetesObject }
  | { readonly fault: string }
);

/** How the adapters look at runtimes, by their names. */
export type HealthViews = ReadonlyMap<string, HealthView>;

/** Makes what keeps an object of this kind for each adapter that names it; nothing when none does. */
export function keeperOf(
  { apiVersion, kind }: FollowedKind,
  views: HealthViews,
): ((object: KubernetesObject) => SeenObject) | undefined {
  const named = [...views].filter(([, view]) =>
    view.kinds.some(one => one.apiVersion === apiVersion && one.kind === kind),
  );
  if (named.length === 0) return undefined;
  return object => {
    const { uid = '', namespace = '', labels = {} } = object.metadata;
    return {
      uid,
      namespace,
      runtimeId: labels[RUNTIME_LABEL] ?? '',
      tenantId: labels[TENANT_LABEL] ?? '',
      // Items of a list carry neither apiVersion nor kind, and metadata alone carries that of its own kind.
      kept: named.map(([adapter, view]) => keep(adapter, view, { ...object, apiVersion, kind })),
    };
  };
}

/** The kinds the adapters name beside those that are followed anyway, each once. */
export function kindsBeside(followed: readonly FollowedKind[], views: HealthViews): readonly FollowedKind[] {
  const others = new Map<string, FollowedKind>();
  for (const view of views.values())
    for (const { apiVersion, kind } of view.kinds) others.set(`${apiVersion}/${kind}`, { apiVersion, kind });
  for (const { apiVersion, kind } of followed) others.delete(`${apiVersion}/${kind}`);
  return [...others.values()];
}

/** An adapter from outside that stumbles over an object must not end the watch of everybody’s. */
function keep(adapter: string, view: HealthView, object: KubernetesObject): Kept {
  try {
    return { adapter, object: view.keep(object) };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { adapter, fault: `${adapter} cannot read ${object.kind} ${object.metadata.name}: ${words}` };
  }
}
