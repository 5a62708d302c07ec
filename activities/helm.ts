import { replicasIn, type WantedReplicas } from '../adapters/agent-runtime/replicas.ts';
import { AdapterFailure } from '../adapters/failure.ts';
import type { Release } from '../clients/helm/storage.ts';
import type { AgentConfig } from '../domain/agent-config.ts';
import type { Plan, PlanReport, ReleaseReport, ReleaseTarget } from '../domain/deployment.ts';
import type { ChartValuesInput } from '../domain/rules/chart-values.ts';
import type { PlacementSettings } from '../domain/rules/placement.ts';
import type { SlotQuota } from '../domain/tenant.ts';
import { type Beat, beating } from './beating.ts';
import { failure, translating } from './failures.ts';
import { agentOrder } from './release/agent.ts';
import { installOrder } from './release/install.ts';
import { logFields, releaseOf } from './release/operation.ts';
import { planOrder } from './release/plan.ts';
import { RenderedPlans } from './release/rendering.ts';
import { reportOf } from './release/report.ts';
import { rollBack } from './release/rollback.ts';
import type { ReleaseTools } from './release/tools.ts';
import { uninstall } from './release/uninstall.ts';
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
export interface ReleaseDeps extends ReleaseTools, PlacementSettings {
  /** The namespace the release goes into. */
  readonly slots: Slots;
  /** Folder of the chart that deploys an agent. */
  readonly chart: string;
  /** The five governed endpoints; nothing is planned or applied while they are missing. */
  readonly governance: ChartValuesInput['governance'] | undefined;
  readonly registry?: string | undefined;
  /** What only the cluster can say of an agent, or must have ready for one. */
  readonly ground?: AgentGround;
  readonly storePlan: (input: {
    readonly tenantId: string;
    readonly deploymentId: string;
    readonly plan: Plan;
  }) => Promise<void>;
}

/** The cluster's part in a deploy beside Helm's; `adapters/agent-runtime` has it. */
export interface AgentGround {
  /** Throws an `AdapterFailure` for what no node has. */
  refuseImpossible(agent: AgentConfig): Promise<void>;
  /** Lets Helm change a number of pods that is not Helm's alone. */
  withReplicas<T>(
    about: { readonly target: ReleaseTarget; readonly wanted: WantedReplicas },
    change: () => Promise<T>,
  ): Promise<T>;
}

/** Makes the promises about Helm releases of agents. */
export function createReleaseActivities(deps: ReleaseDeps): ReleaseActivities {
  const plans = new RenderedPlans();
  return {
    planRelease: input => asActivity(beat => planDeploy(deps, input, { plans, beat })),
    installRelease: ({ baseRevision, planDigest, ...input }) =>
      asActivity(async beat => {
        const order = { ...agentOrder(deps, input), baseRevision, planDigest };
        const install = () => installOrder(deps, order, { plans, beat });
        if (baseRevision === 0 || deps.ground === undefined) return install();
        return deps.ground.withReplicas({ target: input.target, wanted: input.agent }, install);
      }),
    readRelease: ({ target, baseRevision }) =>
      translating(async () => {
        const history = await deps.storage.history(releaseOf(target));
        const newest = history.at(-1);
        return newest !== undefined && newest.revision > baseRevision ? reportOf(newest) : undefined;
      }),
    rollbackRelease: ({ operationId, ...way }) =>
      asActivity(beat =>
        rollBack(deps, { ...way, mark: operationId }, { beat, around: aroundRollback(deps, way.target) }),
      ),
    uninstallRelease: ({ target, operationId }) =>
      asActivity(beat => uninstall(deps, { target, mark: operationId, onlyOwn: true }, beat)),
  };
}

function asActivity<T>(work: (beat: Beat) => Promise<T>): Promise<T> {
  return beating(beat => translating(() => work(beat)));
}

function aroundRollback({ ground }: ReleaseDeps, target: ReleaseTarget) {
  return async (to: Release, change: () => Promise<ReleaseReport>): Promise<ReleaseReport> => {
    const wanted = replicasIn(to.manifest, target.namespace);
    return ground && wanted ? ground.withReplicas({ target, wanted }, change) : change();
  };
}

async function planDeploy(
  deps: ReleaseDeps,
  input: Parameters<ReleaseActivities['planRelease']>[0],
  how: { readonly plans: RenderedPlans; readonly beat: Beat },
): Promise<PlanReport> {
  const { knownRevision, deploymentId, target } = input;
  const order = agentOrder(deps, input);
  await refuseImpossible(deps, input.agent);
  const meanwhile = () => deps.slots.ensureSlot(input);
  const { plan, history, outside } = await planOrder(deps, order, { ...how, knownRevision, meanwhile });
  const { digest, summary } = plan;
  const report = { digest, summary, baseRevision: history.at(-1)?.revision ?? 0 };
  if (outside !== undefined) return { ...report, changedOutside: inShort(outside) };
  await deps.storePlan({ tenantId: target.tenantId, deploymentId, plan });
  deps.log.info({ ...logFields(order), ...summary }, 'release planned');
  return report;
}

async function refuseImpossible({ ground }: ReleaseDeps, agent: AgentConfig): Promise<void> {
  try {
    await ground?.refuseImpossible(agent);
  } catch (error) {
    if (!(error instanceof AdapterFailure)) throw error;
    throw failure(error.code, error.message, error);
  }
}

function inShort({ revision, status, description, chart }: Release): PlanReport['changedOutside'] & object {
  return {
    revision,
    description: `${status}, chart ${chart.name} ${chart.version}: ${description}`.slice(0, 500),
  };
}
