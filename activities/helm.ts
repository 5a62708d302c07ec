import type { Helm } from '../clients/helm/cli.ts';
import type { ReleaseStorage } from '../clients/helm/storage.ts';
import type { KubernetesObject } from '../clients/kubernetes/objects.ts';
import type { AgentConfig } from '../domain/agent-config.ts';
import type { Plan, PlanReport, ReleaseReport, ReleaseTarget } from '../domain/deployment.ts';
import type { ChartValuesInput } from '../domain/rules/chart-values.ts';
import type { SlotQuota } from '../domain/tenant.ts';
import { translating } from './failures.ts';
import { installRelease } from './release/install.ts';
import { releaseOf } from './release/operation.ts';
import { planRelease } from './release/plan.ts';
import { RenderedPlans } from './release/rendering.ts';
import { reportOf } from './release/report.ts';
import { rollbackRelease } from './release/rollback.ts';
import { uninstallRelease } from './release/uninstall.ts';
import type { Slots } from './slots.ts';

export interface ReleaseInput {
  readonly target: ReleaseTarget;
  readonly operationId: string;
  readonly deploymentId: string;
  readonly agent: AgentConfig;
}

/**
 * Changes to Helm releases. Every promise looks for the operation's own mark in the release storage first and acts
 * only if it is missing, so a repeated call makes no second revision.
 */
export interface ReleaseActivities {
  /**
   * Makes sure of the slot, renders the chart, sends every object through a server-side dry run and keeps the diff as
   * the deployment's plan. Changes nothing of the release.
   */
  planRelease(
    input: ReleaseInput & { readonly knownRevision: number; readonly quota: SlotQuota },
  ): Promise<PlanReport>;
  /** Installs or upgrades the release to what the plan with this digest says. */
  installRelease(
    input: ReleaseInput & { readonly baseRevision: number; readonly planDigest: string },
  ): Promise<ReleaseReport>;
  /** What the storage shows above the base revision; nothing when this operation changed nothing. */
  readRelease(input: {
    readonly target: ReleaseTarget;
    readonly baseRevision: number;
  }): Promise<ReleaseReport | undefined>;
  /** Brings the manifest of an earlier revision back as a new revision. */
  rollbackRelease(input: {
    readonly target: ReleaseTarget;
    readonly operationId: string;
    readonly toRevision: number;
    readonly aboveRevision: number;
  }): Promise<ReleaseReport>;
  /** Removes the release and everything it made. */
  uninstallRelease(input: { readonly target: ReleaseTarget; readonly operationId: string }): Promise<void>;
}

/** What the release activities need of the world. */
export interface ReleaseDeps {
  readonly helm: Helm;
  readonly storage: ReleaseStorage;
  /** The namespace the release goes into. */
  readonly slots: Slots;
  /** Compares by server-side dry run what is there with what shall be. */
  readonly diff: (input: {
    readonly previous: readonly KubernetesObject[];
    readonly next: readonly KubernetesObject[];
  }) => Promise<readonly Plan['changes'][number][]>;
  /** Folder of the chart that deploys an agent. */
  readonly chart: string;
  /** The five governed endpoints; nothing is planned or applied while they are missing. */
  readonly governance: ChartValuesInput['governance'] | undefined;
  readonly scheduling?: ChartValuesInput['scheduling'];
  readonly registry?: string | undefined;
  readonly storePlan: (input: {
    readonly tenantId: string;
    readonly deploymentId: string;
    readonly plan: Plan;
  }) => Promise<void>;
  readonly log: ReleaseLog;
}

/** State changes are logged with operation, tenant and runtime. */
export interface ReleaseLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Makes the promises about Helm releases. */
export function createReleaseActivities(deps: ReleaseDeps): ReleaseActivities {
  const plans = new RenderedPlans();
  return {
    planRelease: planRelease(deps, plans),
    installRelease: installRelease(deps, plans),
    readRelease: ({ target, baseRevision }) =>
      translating(async () => {
        const history = await deps.storage.history(releaseOf(target));
        const newest = history.at(-1);
        return newest !== undefined && newest.revision > baseRevision ? reportOf(newest) : undefined;
      }),
    rollbackRelease: rollbackRelease(deps),
    uninstallRelease: uninstallRelease(deps),
  };
}
