import type { StepPlan } from '../domain/change.ts';
import type { Plan, ReleaseReport, ReleaseTarget } from '../domain/deployment.ts';

/** A release, and the step that works on it. */
export interface ReleaseStep {
  readonly target: ReleaseTarget;
  /** The mark in the release storage: the operation's id, and the step's index where it is not the first (`markOf`). */
  readonly mark: string;
}

/** One Helm release as an adapter wants it. */
export interface ReleaseOrder extends ReleaseStep {
  /** Folder of the chart. */
  readonly chart: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Texts of the values that no error may repeat. */
  readonly masked?: readonly string[];
  /**
   * Kinds a chart of the platform may make although a tenant's may not, e.g. `rbac.authorization.k8s.io/v1/Role`. Never
   * given for a chart or values that come from a tenant.
   */
  readonly allowedKinds?: readonly string[];
}

export interface ReleasePlan {
  readonly digest: string;
  readonly summary: Plan['summary'];
  readonly changes: Plan['changes'];
  /** The newest revision this step did not make itself; 0 before the first. */
  readonly baseRevision: number;
}

/**
 * Helm releases for adapters, with the crash repair of `activities/release`: each call looks for its mark in the
 * release storage first, and reads the release back afterwards. Given to the adapters by the cluster worker. Every
 * method throws an `AdapterFailure`, or a `KubernetesError` as it came.
 */
export interface Releases {
  /** Throws `changed_outside` when a revision above `knownRevision` is none of ours. */
  plan(order: ReleaseOrder & { readonly knownRevision: number }): Promise<ReleasePlan>;
  /** Installs or upgrades to what the plan with this digest says; a repeated call makes no second revision. */
  install(
    order: ReleaseOrder & { readonly baseRevision: number; readonly planDigest: string },
    signal: AbortSignal,
  ): Promise<ReleaseReport>;
  /** The manifest of an earlier revision as a new one; nothing when nothing was made above it. */
  rollback(
    order: ReleaseStep & { readonly toRevision: number },
    signal: AbortSignal,
  ): Promise<ReleaseReport | undefined>;
  /**
   * Removes the release. One without any mark of ours is left alone with `changed_outside`; with `onlyOwn` also one
   * whose newest revision another operation made, as when a create is taken back.
   */
  uninstall(order: ReleaseStep & { readonly onlyOwn?: boolean }, signal: AbortSignal): Promise<void>;
  /** The newest revision, or nothing when there is no release. */
  read(target: ReleaseTarget): Promise<ReleaseReport | undefined>;
}

/** What the note of a plan says of its release; nothing when the step is carried out or undone without one. */
export function plannedIn(base: StepPlan['base']): Pick<ReleasePlan, 'digest' | 'baseRevision'> | undefined {
  const { digest, baseRevision } = base;
  if (typeof digest !== 'string' || typeof baseRevision !== 'number') return undefined;
  return { digest, baseRevision };
}
