import type { AdmittedChange, RejectedChange } from '../db/change-admission.ts';
import type { RuntimeTarget, SnapshotName } from '../domain/change.ts';
import type { AdmittedStep, NewRuntime } from '../domain/change-operation.ts';
import { newId } from '../domain/ids.ts';
import type { ActionPlan } from '../domain/planner.ts';
import type { PolicyAction, PolicyVerdict } from '../domain/policy.ts';
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
      change.verb === 'snapshot' && !dryRun ? [change.snapshot] : [],
    ),
    intent: input.intent && { ...input.intent, plan, verdicts: judged.verdicts, before: asked.observed },
    approval,
    reason: policy.reason,
    answer: {
      admitted: true,
      target,
      steps,
      knownRevision: facts.runtime?.knownRevision ?? 0,
      ...(facts.runtime?.verifiedOperationId && { verifiedOperationId: facts.runtime.verifiedOperationId }),
      quota,
      policy,
      ...(approval && { approval }),
      stepTimeoutSeconds: limits.stepTimeoutSeconds,
      ...(plan && {
        intent: {
          dryRun,
          cannot: plan.cannot.map(({ what, why }) => `${what}: ${why}`),
          rationale: plan.rationale,
          soakSeconds: limits.intentSoakSeconds,
        },
      }),
    },
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
