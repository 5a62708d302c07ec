import type { Plan, ReleaseReport, ReleaseTarget } from '../domain/deployment.ts';

/** One Helm release as an adapter wants it. */
export interface ReleaseOrder {
  readonly target: ReleaseTarget;
  /** The mark in the release storage: the operation's id, and the step's index where it is not the first. */
  readonly mark: string;
  /** Folder, or reference with digest. */
  readonly chart: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Cluster-wide kinds the chart may contain although a tenant's may not; none unless said. */
  readonly allowedClusterKinds?: readonly string[];
}

export interface ReleasePlan {
  readonly digest: string;
  readonly summary: Plan['summary'];
  readonly changes: Plan['changes'];
  readonly baseRevision: number;
}

/**
 * Helm releases for adapters, with the crash repair of `activities/release`: each call looks for its mark in the
 * release storage first, and reads the release back afterwards. Given to the adapters by the cluster worker.
 */
export interface Releases {
  /** Throws `changed_outside` when a revision above `knownRevision` is none of ours. */
  plan(order: ReleaseOrder & { readonly knownRevision: number }): Promise<ReleasePlan>;
  install(
    order: ReleaseOrder & { readonly baseRevision: number; readonly planDigest: string },
    signal: AbortSignal,
  ): Promise<ReleaseReport>;
  /** The manifest of an earlier revision as a new one; nothing when nothing was made above it. */
  rollback(
    order: Pick<ReleaseOrder, 'target' | 'mark'> & { readonly toRevision: number },
    signal: AbortSignal,
  ): Promise<ReleaseReport | undefined>;
  uninstall(order: Pick<ReleaseOrder, 'target' | 'mark'>, signal: AbortSignal): Promise<void>;
  /** The newest revision, or nothing when there is no release. */
  read(target: ReleaseTarget): Promise<ReleaseReport | undefined>;
}
