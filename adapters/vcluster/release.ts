import { fieldsOf, numberOf } from '../../clients/kubernetes/objects.ts';
import type { Begun, Step, StepPlan } from '../../domain/change.ts';
import type { ReleaseReport } from '../../domain/deployment.ts';
import { OPERATION_ANNOTATION } from '../../domain/rules/labels.ts';
import { markOf } from '../../domain/rules/marks.ts';
import { resourcesOf } from '../../domain/rules/sizes.ts';
import type { Call } from '../adapter.ts';
import { plannedIn, type ReleaseOrder } from '../releases.ts';
import { running, stopped } from './awaited.ts';
import { RENDERED_STOPPED } from './names.ts';
import { pause, resume } from './power.ts';
import { refuseOtherStore } from './refusals.ts';
import type { Tools } from './settings.ts';
import { type BackingStore, valuesOf } from './values.ts';
import { type Annotations, backingStoreOf, findWorkloads, workloadsOf } from './workloads.ts';

/** What the release would become, with the dry run of each of its objects. */
export async function planRelease(tools: Tools, step: Step): Promise<StepPlan> {
  const plan = await tools.releases.plan({
    ...(await orderOf(tools, step)),
    knownRevision: step.knownRevision,
  });
  const { digest, baseRevision } = plan;
  return { summary: plan.summary, changes: plan.changes, base: { digest, baseRevision } };
}

/** Brings the release to what the step wants, and the power with it. */
export async function applyRelease(tools: Tools, step: Step, { base, signal }: Call): Promise<Begun> {
  const order = await orderOf(tools, step);
  const planned =
    plannedIn(base) ?? (await tools.releases.plan({ ...order, knownRevision: step.knownRevision }));
  const { digest: planDigest, baseRevision } = planned;
  const { revision } = await tools.releases.install({ ...order, planDigest, baseRevision }, signal);
  return { ...(await setPower(tools, step, marksOf(step))), revision };
}

/** Brings the revision before the step back, and the power of before. */
export async function rollBackRelease(tools: Tools, step: Step, { base, signal }: Call): Promise<Begun> {
  const { target, before } = step;
  const toRevision = plannedIn(base)?.baseRevision ?? step.knownRevision;
  const made = await tools.releases.rollback({ target, mark: markOf(step), toRevision }, signal);
  const begun = await setPower(
    tools,
    { ...step, desired: before ?? step.desired },
    await marksOfRolledBack(tools, made, step),
  );
  return made === undefined ? begun : { ...begun, revision: made.revision };
}

/** Sees to it that the control plane runs or is paused, as wanted, with the right number of replicas. */
export async function setPower(
  { kubernetes }: Tools,
  { target, desired }: Step,
  annotations: Annotations = {},
): Promise<Begun> {
  const workloads = await workloadsOf(kubernetes, target);
  const { replicas } = resourcesOf('vcluster', desired.spec);
  if (desired.power === 'stopped') {
    await pause(kubernetes, target, { workloads, replicas, annotations });
    return { awaiting: stopped() };
  }
  await resume(kubernetes, { workloads, replicas, annotations });
  return { awaiting: running(replicas) };
}

/** The revision that is back may have been rendered while it was stopped, or while it ran. */
async function marksOfRolledBack(
  { kubernetes }: Tools,
  made: ReleaseReport | undefined,
  { target }: Step,
): Promise<Annotations> {
  if (made === undefined) return {};
  const { controlPlane } = await workloadsOf(kubernetes, target);
  const replicas = numberOf(fieldsOf(controlPlane['spec'])['replicas']);
  return { [RENDERED_STOPPED]: replicas === 0 ? 'true' : null };
}

/** Whose manifest the control plane carries, and whether it was rendered without replicas. */
function marksOf(step: Step): Annotations {
  const stopped = step.desired.power === 'stopped';
  return { [OPERATION_ANNOTATION]: markOf(step), [RENDERED_STOPPED]: stopped ? 'true' : null };
}

async function orderOf({ kubernetes, settings }: Tools, step: Step): Promise<ReleaseOrder> {
  const workloads = await findWorkloads(kubernetes, step.target);
  const store = workloads === undefined ? storeOfNew(step) : backingStoreOf(workloads);
  refuseOtherStore(step, store);
  return {
    target: step.target,
    mark: markOf(step),
    chart: settings.chart,
    values: valuesOf(step, store, settings),
    allowedKinds: CHART_KINDS,
  };
}

/** What the chart makes beyond what a tenant's chart may: its own rights in its namespace, and its configuration. */
const CHART_KINDS = [
  'v1/Secret',
  'rbac.authorization.k8s.io/v1/Role',
  'rbac.authorization.k8s.io/v1/RoleBinding',
];

function storeOfNew({ desired }: Step): BackingStore {
  const { replicas } = resourcesOf('vcluster', desired.spec);
  return replicas > 1 ? { kind: 'etcd', replicas: 3 } : { kind: 'embedded' };
}
