import {
  type AdmittedChange,
  type ChangedRuntime,
  type ChangeFacts,
  type KnownKind,
  readChangeFacts,
  writeChangeAdmitted,
  writeChangeRejected,
} from '../db/change-admission.ts';
import type { TenantSql } from '../db/tables.ts';
import { orderOf } from '../domain/action-orders.ts';
import type { RuntimeTarget, SnapshotName } from '../domain/change.ts';
import type {
  AdmittedStep,
  ChangeAdmission,
  ChangeRuntimeInput,
  NewRuntime,
} from '../domain/change-operation.ts';
import type { AdmissionRefusal } from '../domain/deployment.ts';
import { newId } from '../domain/ids.ts';
import type { ActionPlan } from '../domain/planner.ts';
import type { PolicyAction, PolicyVerdict } from '../domain/policy.ts';
import { admittedSteps, type Refusal } from '../domain/rules/change-steps.ts';
import { judge, strictest } from '../domain/rules/policy.ts';
import { exceededQuota, type Reservation } from '../domain/rules/quota.ts';
import { reservationOfRuntime } from '../domain/rules/reservation.ts';
import { namespaceOf, type PodSecurity } from '../domain/rules/slot.ts';
import type { SlotQuota } from '../domain/tenant.ts';
import { planIntent } from './intent-planning.ts';

type Input = ChangeRuntimeInput & { readonly workflowId: string; readonly runId: string };
type Refused = Extract<ChangeAdmission, { admitted: false }>;

interface Limits {
  readonly defaultQuota: SlotQuota;
  readonly stepTimeoutSeconds: number;
  readonly maxAgeSeconds: number;
}

/** A runtime that is there, or that is to be. */
export type Place = Pick<ChangedRuntime, 'name' | 'type' | 'project' | 'environment' | 'labels'>;

interface Case {
  readonly input: Input;
  readonly facts: ChangeFacts;
  readonly limits: Limits;
  readonly place: Place;
  readonly kind: KnownKind | undefined;
}

/** Judges a change and writes what follows from it: nothing, a rejected operation, or the beginning of a change. */
export async function admitChange(db: TenantSql, input: Input, limits: Limits): Promise<ChangeAdmission> {
  const facts = await readChangeFacts(db, input);
  if (facts.answered) return facts.answered;
  const place = facts.runtime ?? input.create;
  if (!place) return refuse('runtime_not_found', `There is no runtime ${input.runtimeId}.`);
  const asked: Case = { input, facts, limits, place, kind: kindOf(input, facts) };
  const unmet = notAsItWas(asked) ?? nameTaken(asked) ?? unavailable(asked);
  if (unmet) return unmet;

  const plan = input.intent && planIntent({ ...asked, request: input.intent.request });
  const steps = stepsOf(asked, plan);
  if ('code' in steps) return refuse(steps.code, steps.reason);
  const verdicts = verdictsOn(asked, steps);
  const policy = strictest(verdicts);
  if (policy.answer === 'deny') return reject(db, asked, policy);
  const reservation = mostOf(place, steps);
  const excess = noRoom(asked, reservation);
  if (excess) return excess;
  const admitted = admittedChange(asked, { plan, steps, verdicts, policy, reservation });
  await writeChangeAdmitted(db, admitted);
  return admitted.answer;
}

/** The adapter the runtime has, or the one its creation names, or the first of its type. */
function kindOf({ create }: Input, { runtime, kinds }: ChangeFacts): KnownKind | undefined {
  const wanted = runtime?.backend ?? create?.spec.backend;
  return wanted === undefined ? kinds[0] : kinds.find(({ name }) => name === wanted);
}

function notAsItWas({ input, facts }: Case): Refused | undefined {
  const { ifVersions } = input;
  if (!facts.runtime || !ifVersions || ifVersions.includes(facts.runtime.version)) return undefined;
  const reason = `Runtime ${input.runtimeId} has version ${facts.runtime.version} by now; If-Match named ${ifVersions.join(', ')}. Read it again and decide anew.`;
  return refuse('precondition_failed', reason);
}

function nameTaken({ input, facts, place }: Case): Refused | undefined {
  if (!input.create || (facts.namesake === null && facts.runtime === null)) return undefined;
  const other = facts.namesake ?? input.runtimeId;
  return refuse(
    'name_taken',
    `Project ${place.project} has a runtime named ${place.name} already: ${other}.`,
  );
}

/** What is there can always be deleted; for all else the cluster must have what the kind needs. */
function unavailable({ input, place, kind }: Case): Refused | undefined {
  if (input.kind === 'delete') return undefined;
  if (!kind) {
    const backend = input.create?.spec.backend;
    const which = backend
      ? `adapter ${backend} for the type ${place.type}`
      : `adapter for the type ${place.type}`;
    const reason = `No ${which} is known here. GET /v1/runtime-kinds lists those there are; if it should be among them, the cluster worker is not running yet.`;
    return refuse('kind_unavailable', reason);
  }
  const [first, ...more] = kind.missing;
  if (!first) return undefined;
  const others = more.length > 0 ? ` (and ${more.length} more, see GET /v1/runtime-kinds)` : '';
  return refuse(
    'kind_unavailable',
    `The cluster lacks ${first.what}${others}. To install it: ${first.install}`,
  );
}

function stepsOf(
  { input, facts, kind, place }: Case,
  plan: ActionPlan | undefined,
): readonly AdmittedStep[] | Refusal {
  const orders = plan ? plan.actions.map(orderOf) : input.orders;
  const { runtime, snapshots } = facts;
  return admittedSteps(orders, {
    type: place.type,
    phase: runtime?.phase ?? 'installing',
    capabilities: kind?.capabilities ?? [],
    desired: runtime ?? (input.create && { spec: input.create.spec, power: 'running' as const }),
    snapshots,
  });
}

/** What the policies say to each step. */
function verdictsOn({ input, facts, place }: Case, steps: readonly AdmittedStep[]): readonly StepVerdict[] {
  const { project, environment } = place;
  const { tenantId } = input;
  return steps.map(({ change }) => {
    const action = `lifecycle.${change.verb}` as const;
    return { action, ...judge({ action, tenantId, environment, project }, facts.policies) };
  });
}

/** The most the runtime will hold after any of the steps. */
function mostOf({ type }: Place, steps: readonly AdmittedStep[]): Reservation {
  const all = steps.map(({ desired, change }) =>
    change.verb === 'delete'
      ? { cpuMilli: 0, memoryMiB: 0, pods: 0 }
      : reservationOfRuntime(type, desired.spec),
  );
  const most = (of: (one: Reservation) => number) => Math.max(0, ...all.map(of));
  return {
    cpuMilli: most(one => one.cpuMilli),
    memoryMiB: most(one => one.memoryMiB),
    pods: most(one => one.pods),
  };
}

/** What asks for no more than the runtime has is never refused for room: the quota may have been lowered since. */
function noRoom({ input, facts, limits, place }: Case, wanted: Reservation): Refused | undefined {
  const has = facts.runtime && reservationOfRuntime(place.type, facts.runtime.spec);
  if (has && wanted.cpuMilli <= has.cpuMilli && wanted.memoryMiB <= has.memoryMiB && wanted.pods <= has.pods)
    return undefined;
  const quota = facts.quota ?? limits.defaultQuota;
  const excess = exceededQuota({ quota, used: facts.used, wanted });
  if (excess === undefined) return undefined;
  const command = `npm run admin -- project quota --tenant ${input.tenantId} --project ${place.project}`;
  const reason = `Project ${place.project} of tenant ${input.tenantId} has no room: ${excess}. Ask for less, or have the quota raised (${command}).`;
  return refuse('quota_exceeded', reason);
}

async function reject(
  db: TenantSql,
  { input, facts, place }: Case,
  { reason }: PolicyVerdict,
): Promise<Refused> {
  const { requester, operationId, kind } = input;
  const answer = refuse('policy_denied', reason);
  const runtimeId = facts.runtime ? input.runtimeId : null;
  await writeChangeRejected(db, {
    ...input,
    runtimeId,
    create: undefined,
    intent: undefined,
    project: place.project,
    environment: place.environment,
    request: requestOf(input),
    reason,
    answer,
    event: {
      type: `${kind}.rejected`,
      severity: 'warning',
      actor: requester.kind,
      principal: requester.id,
      operationId,
      message: `${requester.name} asked for ${kind} and policy said no: ${reason}`,
    },
  });
  return answer;
}

type StepVerdict = PolicyVerdict & { readonly action: PolicyAction };

interface Judged {
  readonly plan: ActionPlan | undefined;
  readonly steps: readonly AdmittedStep[];
  readonly verdicts: readonly StepVerdict[];
  readonly policy: PolicyVerdict;
  readonly reservation: Reservation;
}

function admittedChange(asked: Case, judged: Judged): AdmittedChange {
  const { input, facts, limits, place, kind } = asked;
  const { policy, steps, reservation, plan } = judged;
  const dryRun = input.intent?.request.dry_run ?? false;
  const approval =
    dryRun || steps.length === 0
      ? undefined
      : policy.approval && { id: newId('approval'), ...policy.approval };
  const podSecurity: PodSecurity = facts.runtime?.podSecurity ?? kind?.podSecurity ?? 'restricted';
  const backend = facts.runtime?.backend ?? kind?.name ?? '';
  const quota = facts.quota ?? limits.defaultQuota;
  const target = targetOf(asked, { backend, podSecurity });
  return {
    ...input,
    project: place.project,
    environment: place.environment,
    create: input.create && { ...input.create, backend, podSecurity },
    stage: approval ? 'awaiting_approval' : 'preparing',
    waitsFor:
      approval && `the approval of ${approval.quorum} other than ${input.requester.name} (${approval.id})`,
    steps: steps.map(({ action, change }) => ({
      action,
      verb: change.verb,
      status: 'pending',
      message: null,
      started_at: null,
      finished_at: null,
    })),
    request: requestOf(input),
    reservation,
    quota,
    snapshots: steps.flatMap(({ change }): SnapshotName[] =>
      change.verb === 'snapshot' ? [change.snapshot] : [],
    ),
    intent: input.intent && { ...input.intent, plan, verdicts: judged.verdicts, before: facts.observed },
    approval,
    reason: policy.reason,
    answer: {
      admitted: true,
      target,
      steps,
      knownRevision: facts.runtime?.knownRevision ?? 0,
      quota,
      policy,
      ...(approval && { approval }),
      stepTimeoutSeconds: limits.stepTimeoutSeconds,
      ...(plan && { intent: { dryRun, cannot: plan.cannot.map(({ what, why }) => `${what}: ${why}`) } }),
    },
    event: firstEvent(asked, judged, approval !== undefined),
  };
}

function firstEvent(
  { input, place }: Case,
  { steps, policy, plan }: Judged,
  waits: boolean,
): AdmittedChange['event'] {
  const { requester, operationId, kind, reason } = input;
  const [only] = steps;
  const subject = steps.length === 1 && only ? `lifecycle.${only.change.verb}` : kind;
  const what = input.intent
    ? `“${input.intent.request.goal}”`
    : steps.map(({ change }) => change.verb).join(', ');
  const because = reason ? ` (${reason})` : '';
  return {
    type: `${subject}.${waits ? 'awaiting_approval' : 'preparing'}`,
    severity: 'info',
    actor: requester.kind,
    principal: requester.id,
    operationId,
    message: `${requester.name} asked for ${what} of ${place.name}${because}: ${policy.reason}`,
    data: { policy: policy.policy, ...(plan && { plan_hash: plan.hash, actions: plan.actions }) },
  };
}

function targetOf(
  { input, place }: Case,
  { backend, podSecurity }: { backend: string; podSecurity: PodSecurity },
): RuntimeTarget {
  const { tenantId, runtimeId } = input;
  const { name, project, environment, type, labels } = place;
  const namespace = namespaceOf(tenantId, project, podSecurity);
  return {
    runtimeId,
    runtimeName: name,
    tenantId,
    project,
    environment,
    namespace,
    release: name,
    type,
    backend,
    labels,
  };
}

function requestOf({ orders, intent, reason, create }: Input): Record<string, unknown> {
  return {
    ...(create && {
      create: { name: (create satisfies NewRuntime).name, type: create.type, spec: create.spec },
    }),
    ...(orders.length > 0 && { orders }),
    ...(intent && { intent: intent.id }),
    ...(reason && { reason }),
  };
}

function refuse(code: AdmissionRefusal, reason: string): Refused {
  return { admitted: false, code, reason };
}
