import type { AdmittedChange, RejectedChange } from '../db/change-admission.ts';
import type { RuntimeTarget, SnapshotName } from '../domain/change.ts';
import type { AcceptedChange, AdmittedStep, NewRuntime } from '../domain/change-operation.ts';
import { newId } from '../domain/ids.ts';
import type { ActionPlan } from '../domain/planner.ts';
import type { PolicyAction, PolicyVerdict } from '../domain/policy.ts';
import { pendingStep } from '../domain/rules/change-steps.ts';
import type { Reservation } from '../domain/rules/quota.ts';
import { namespaceOf, type PodSecurity } from '../domain/rules/slot.ts';
import { type Case, type ChangeAsked, type Refused, refuse } from './change-case.ts';

/** What the policies say to one step. */
export type StepVerdict = PolicyVerdict & { readonly action: PolicyAction };

/** A case with everything that was found about it. */
export interface Judged {
  readonly plan: ActionPlan | undefined;
  readonly steps: readonly AdmittedStep[];
  readonly verdicts: readonly StepVerdict[];
  readonly policy: PolicyVerdict;
  readonly reservation: Reservation;
}

/** What is written of a change that may begin, with its answer. */
export function admittedChange(asked: Case, judged: Judged): AdmittedChange {
  const { input, facts, limits, place, kind, observed } = asked;
  const { policy, steps, reservation, plan, verdicts } = judged;
  const approval = approvalOf(asked, judged);
  const podSecurity = facts.runtime?.podSecurity ?? kind?.podSecurity ?? 'restricted';
  const backend = facts.runtime?.backend ?? kind?.name ?? '';
  const quota = facts.quota ?? limits.defaultQuota;
  return {
    ...input,
    project: place.project,
    environment: place.environment,
    create: input.create && { ...input.create, backend, podSecurity },
    stage: approval ? 'awaiting_approval' : 'preparing',
    waitsFor:
      approval && `the approval of ${approval.quorum} other than ${input.requester.name} (${approval.id})`,
    steps: steps.map(pendingStep),
    request: requestOf(input),
    reservation,
    quota,
    snapshots: isDryRun(input) ? [] : steps.flatMap(newSnapshots),
    intent: input.intent && { ...input.intent, plan, verdicts, before: observed },
    approval,
    reason: policy.reason,
    answer: acceptance(asked, judged, {
      approval,
      quota,
      target: targetOf(asked, { backend, podSecurity }),
    }),
    event: firstEvent(asked, judged, approval !== undefined),
  };
}

/** What is written of a change that policy denied, with its answer. */
export function rejectedChange(
  { input, facts, place }: Case,
  { reason }: PolicyVerdict,
): RejectedChange & { answer: Refused } {
  const { requester, operationId, kind } = input;
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
  };
}

function isDryRun({ intent }: ChangeAsked): boolean {
  return intent?.request.dry_run ?? false;
}

/** What changes nothing needs nobody's approval. */
function approvalOf({ input }: Case, { policy, steps }: Judged): AdmittedChange['approval'] {
  if (isDryRun(input) || steps.length === 0) return undefined;
  return policy.approval && { id: newId('approval'), ...policy.approval };
}

function newSnapshots({ change }: AdmittedStep): SnapshotName[] {
  return change.verb === 'snapshot' ? [change.snapshot] : [];
}

/** The answer that lets the workflow go on, with all that it needs. */
function acceptance(
  { input, facts, limits }: Case,
  { steps, policy, plan }: Judged,
  { approval, quota, target }: Pick<AcceptedChange, 'quota' | 'target'> & Pick<AdmittedChange, 'approval'>,
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
    ...(approval && { approval }),
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
