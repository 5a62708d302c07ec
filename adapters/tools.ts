import { type DiffInput, diffObjects, summarize } from '../clients/kubernetes/diff.ts';
import { type DeclaredKind, declareKind } from '../clients/kubernetes/kinds.ts';
import type { KubernetesClient } from '../clients/kubernetes/requests.ts';
import type { StepPlan } from '../domain/change.ts';
import type { RuntimeAdapter } from './adapter.ts';
import { AdapterFailure } from './failure.ts';
import type { Releases } from './releases.ts';

export type { KubernetesObject } from '../clients/kubernetes/objects.ts';
export type { Begun, Observation, Step, StepPlan } from '../domain/change.ts';

/** Everything an adapter from outside is given; it needs nothing else of RuntimeAI at run time. */
export interface AdapterTools {
  readonly kubernetes: KubernetesClient;
  /** Helm releases that survive crashes. */
  readonly releases: Releases;
  readonly log: AdapterLog;
  /** Its own part of RUNTIMEAI_ADAPTER_SETTINGS, as it stands there; empty when there is none. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Summary and changes of a plan: each object through a server-side dry run, compared with what is there. */
  compare(input: DiffInput): Promise<Pick<StepPlan, 'summary' | 'changes'>>;
  /** Makes the failure to throw. */
  failure(...words: ConstructorParameters<typeof AdapterFailure>): AdapterFailure;
  /** Makes a kind known that is not Kubernetes' own, before the first call about it. */
  declareKind(kind: DeclaredKind): void;
}

/** Changes of state, with operation, tenant and runtime as fields; no secrets. */
export interface AdapterLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * What the module of an adapter exports as its default.
 * @public
 */
export type AdapterFactory = (tools: AdapterTools) => RuntimeAdapter | Promise<RuntimeAdapter>;

/** The tools over one cluster; each adapter gets its own settings beside them. */
export function createAdapterTools(
  parts: Pick<AdapterTools, 'kubernetes' | 'releases' | 'log'>,
): Omit<AdapterTools, 'settings'> {
  return {
    ...parts,
    compare: async input => {
      const changes = [...(await diffObjects(parts.kubernetes, input))];
      return { summary: summarize(changes), changes };
    },
    failure: (...words) => new AdapterFailure(...words),
    declareKind,
  };
}
