import type { AdmittedChange, RejectedChange } from '../db/change-admission.ts';
import type { PolicyDecision } from '../db/policy-decisions.ts';
import type { RuntimeTarget, SnapshotName } from '../domain/change.ts';
import type { AcceptedChange, AdmittedStep, NewRuntime } from '../domain/change-operation.ts';
import type { ActionPlan, IntentVerdict } from '../domain/planner.ts';
import type { Footprint, PolicyVerdict } from '../domain/policy.ts';
import { pendingStep } from '../domain/rules/change-steps.ts';
import { footprintOf } from '../domain/rules/footprint.ts';
import { monthlyCostOf, PRICES } from '../domain/rules/prices.ts';
import type { Reservation } from '../domain/rules/quota.ts';
import { namespaceOf, type PodSecurity } from '../domain/rules/slot.ts';
import { strictest } from '../policy/strictest.ts';
import { begunRecord, deniedRecord } from './auditing.ts';
import { type Case, type ChangeAsked, type Refused, refuse } from './change-case.ts';
import { reachOf } from './reach.ts';

/** A case with everything that was found about it. */
export interface Judged {
  readonly plan: ActionPlan | undefined;
  readonly steps: readonly AdmittedStep[];
  readonly decisions: readonly PolicyDecision[];
  /** Of an intent: what the policies said to the goal itself. */
  readonly goal: readonly PolicyDecision[];
  readonly policy: PolicyVerdict;
  readonly reservation: Reservation;
}

/** What is written of a change that may begin, with its answer. */
export function admittedChange(asked: Case, judged: Judged): AdmittedChange {
  const { input, facts, limits, place, kind, observed } = asked;
  const { policy, steps, decisions, reservation, plan } = judged;
  const podSecurity = facts.runtime?.podSecurity ?? kind?.podSecurity ?? 'restricted';
  const backend = facts.runtime?.backend ?? kind?.name ?? '';
  const quota = facts.quota ?? limits.defaultQuota;
  return {
    ...input,
    project: place.project,
    environment: place.environment,
    create: input.create && { ...input.create, backend, podSecurity },
    stage: 'preparing',
    steps: steps.map(pendingStep),
    request: requestOf(input),
    reservation,
    quota,
    snapshots: isDryRun(input) ? [] : steps.flatMap(newSnapshots),
    intent: input.intent && {
      ...input.intent,
      plan,
      verdicts: decisions.map(inShort),
      before: observed,
    },
    footprint: dearest(asked, steps),
    policy,
    decisions: [...decisions, ...untilTheLast(judged)],
    policies: facts.policies,
    answer: acceptance(asked, judged, { quota, target: targetOf(asked, judged, { backend, podSecurity }) }),
    event: firstEvent(asked, judged),
  };
}

/** What is written of a change that policy denied, with its answer. */
export function rejectedChange(
  { input, facts, place }: Case,
  decisions: readonly PolicyDecision[],
): RejectedChange & { answer: Refused } {
  const { requester, operationId, kind } = input;
  const policy = strictest(decisions.map(({ verdict }) => verdict));
  const { reason } = policy;
  const answer = refuse('policy_denied', reason);
  const runtimeId = facts.runtime ? input.runtimeId : null;
  return {
    ...input,
    runtimeId,
    create: undefined,
    intent: undefined,
    project: place.project,
    environment: place.environment,
    request: requestOf(input),
    policy,
    decisions,
    policies: facts.policies,
    answer,
    event: {
      type: `${kind}.rejected`,
      severity: 'warning',
      actor: requester.kind,
      principal: requester.id,
      operationId,
      message: `${requester.name} asked for ${kind} and policy said no: ${reason}`,
      audit: deniedRecord(input, { ...place, kind, verdict: policy }),
    },
  };
}

function isDryRun({ intent }: ChangeAsked): boolean {
  return intent?.request.dry_run ?? false;
}

/** What is demanded for the goal is demanded before each of its steps: it is asked again until the last. */
function untilTheLast({ goal, steps }: Judged): PolicyDecision[] {
  const step = Math.max(0, steps.length - 1);
  return goal.map(each => ({ ...each, step }));
}

/** What an intent says of the policies' answers. */
function inShort({ question, verdict: { answer, policy, reason } }: PolicyDecision): IntentVerdict {
  return { action: question.action, answer, policy, reason };
}

/** The dearest of what the runtime will hold after each step: that is what the budgets of others must count meanwhile. */
function dearest({ facts, limits, place: { type } }: Case, steps: readonly AdmittedStep[]): Footprint {
  const kept = steps.filter(({ change }) => change.verb !== 'delete').map(({ desired }) => desired.spec);
  const held = (kept.length > 0 ? kept : [facts.runtime?.spec ?? {}]).map(spec => footprintOf(type, spec));
  const cost = (footprint: Footprint) => monthlyCostOf(footprint, type, limits.prices ?? PRICES);
  return held.reduce((most, each) => (cost(each) > cost(most) ? each : most));
}

function newSnapshots({ change }: AdmittedStep): SnapshotName[] {
  return change.verb === 'snapshot' ? [change.snapshot] : [];
}

/** The answer that lets the workflow go on, with all that it needs. */
function acceptance(
  { input, facts, limits }: Case,
  { steps, policy, plan }: Judged,
  { quota, target }: Pick<AcceptedChange, 'quota' | 'target'>,
): AcceptedChange {
  const { knownRevision = 0, verifiedOperationId } = facts.runtime ?? {};
  return {
    admitted: true,
    target,
    steps,
    knownRevision,
    ...(verifiedOperationId && { verifiedOperationId }),
    quota,
    policy,
    stepTimeoutSeconds: limits.stepTimeoutSeconds,
    ...(plan && {
      intent: {
        dryRun: isDryRun(input),
        cannot: plan.cannot.map(({ what, why }) => `${what}: ${why}`),
        rationale: plan.rationale,
        soakSeconds: limits.intentSoakSeconds,
      },
    }),
  };
}

function firstEvent({ input, place }: Case, { steps, policy, plan }: Judged): AdmittedChange['event'] {
  const { requester, operationId, kind, reason } = input;
  const [only] = steps;
  const subject = steps.length === 1 && only ? `lifecycle.${only.change.verb}` : kind;
  const what = input.intent
    ? `“${input.intent.request.goal}”`
    : steps.map(({ change }) => change.verb).join(', ');
  const because = reason ? ` (${reason})` : '';
  return {
    type: `${subject}.preparing`,
    severity: 'info',
    actor: requester.kind,
    principal: requester.id,
    operationId,
    message: `${requester.name} asked for ${what} of ${place.name}${because}: ${policy.reason}`,
    data: { policy: policy.policy, ...(plan && { plan_hash: plan.hash, actions: plan.actions }) },
    audit: begunRecord(input, { ...place, kind, verdict: policy, details: { what } }),
  };
}

function targetOf(
  { input, place }: Case,
  { policy }: Judged,
  { backend, podSecurity }: { backend: string; podSecurity: PodSecurity },
): RuntimeTarget {
  const { tenantId, runtimeId } = input;
  const { name, project, environment, type, labels } = place;
  const namespace = namespaceOf(tenantId, project, podSecurity);
  const egress = reachOf(policy);
  return {
    ...(egress && { egress }),
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

function requestOf({ orders, intent, reason, create }: ChangeAsked): Record<string, unknown> {
  return {
    ...(create && {
      create: { name: (create satisfies NewRuntime).name, type: create.type, spec: create.spec },
    }),
    ...(orders.length > 0 && { orders }),
    ...(intent && { intent: intent.id }),
    ...(reason && { reason }),
  };
}
