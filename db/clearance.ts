import { sql } from 'kysely';
import type { AgentConfig } from '../domain/agent-config.ts';
import type { Approval, ApprovalCard } from '../domain/approval.ts';
import type { Plan, Verification } from '../domain/deployment.ts';
import type { GivenAnswer } from '../domain/given-answer.ts';
import type { HealthStatus } from '../domain/health.ts';
import type { Holding } from '../domain/holding.ts';
import type { Policy, PolicyQuestion, PolicyVerdict } from '../domain/policy.ts';
import type { Requester } from '../domain/requester.ts';
import type { Phase } from '../domain/rules/runtime-state.ts';
import type { RuntimeSpec } from '../domain/runtime.ts';
import { GIVEN_ANSWERS } from './approvals.ts';
import { openOperation, type StepAnswer, type StepRecord, whyNot } from './deploy-progress.ts';
import { writingEvent } from './events.ts';
import { holdingsBeside } from './holdings.ts';
import { POLICIES_IN_FORCE } from './policies.ts';
import { keepingPolicyDecisions, type PolicyDecision } from './policy-decisions.ts';
import type { TenantSql } from './tables.ts';

/** Everything by which an operation is cleared to act, or shown to those who must agree; read in one statement. */
export interface ClearanceFacts {
  /** The step was written before: its answer was lost on the way. */
  readonly repeated: boolean;
  readonly verdict: PolicyVerdict | null;
  /** Whoever asked, or the person they asked for, has been disabled since. */
  readonly requesterDisabled: boolean;
  /** What the policies were asked at admission, one question for each step. */
  readonly questions: readonly { readonly step: number; readonly question: PolicyQuestion }[];
  readonly policies: readonly Policy[];
  readonly holdings: readonly Holding[];
  readonly runtime: {
    readonly labels: Readonly<Record<string, string>>;
    readonly phase: Phase;
    readonly spec: RuntimeSpec;
    readonly health: HealthStatus | null;
    readonly reason: string | null;
  };
  readonly deployment: {
    readonly agent: AgentConfig;
    readonly verification: Verification;
    readonly comment: string | null;
    readonly plan: Plan | null;
  } | null;
  /** How the operation before this one on the runtime ended. */
  readonly last: { readonly kind: string; readonly outcome: string; readonly message: string | null } | null;
  readonly approval: KnownApproval | null;
}

/** The newest approval of the operation, with the answers that were not withdrawn. */
export interface KnownApproval {
  readonly id: string;
  readonly status: Approval['status'];
  readonly digest: string;
  readonly shown: Readonly<Record<string, string>>;
  readonly card: ApprovalCard;
  readonly answers: readonly GivenAnswer[];
}

interface Named {
  readonly operationId: string;
  readonly runtimeId: string;
  readonly step: number;
}

/** Reads the facts; throws when there is no such operation. */
export async function readClearanceFacts(
  db: TenantSql,
  { operationId, runtimeId, step }: Named,
): Promise<ClearanceFacts> {
  const { rows } = await sql<ClearanceFacts>`
    select
      exists (select from events where operation_id = ${operationId} and step = ${step}::int) as repeated,
      o.verdict,
      exists (select from principals p where p.id in (o.requester_id, o.on_behalf_of)
        and p.disabled_at is not null) as "requesterDisabled",
      coalesce((select jsonb_agg(jsonb_build_object('step', d.step, 'question', d.question) order by d.step, d.id)
        from policy_decisions d where d.operation_id = o.id and d.moment = 'admission'), '[]') as questions,
      ${POLICIES_IN_FORCE} as policies,
      ${holdingsBeside(runtimeId)} as holdings,
      jsonb_build_object('labels', r.labels, 'phase', r.phase, 'spec', r.spec, 'health', h.status,
        'reason', h.reason) as runtime,
      (select jsonb_build_object('agent', d.agent, 'verification', d.verification, 'comment', d.comment,
        'plan', (select plan from deployment_details p where p.deployment_id = d.id))
        from deployments d where d.id = o.deployment_id) as deployment,
      (select jsonb_build_object('kind', l.kind, 'outcome', l.outcome, 'message', l.message) from operations l
        where l.runtime_id = r.id and l.outcome is not null and l.id <> o.id order by l.id desc limit 1) as last,
      (select jsonb_build_object('id', a.id, 'status', a.status, 'digest', a.digest, 'shown', a.shown,
        'card', a.card, 'answers', ${GIVEN_ANSWERS})
        from approvals a where a.id = o.approval_id) as approval
    from operations o join runtimes r on r.id = o.runtime_id left join runtime_health h on h.runtime_id = r.id
    where o.id = ${operationId}`.execute(db);
  const [facts] = rows;
  if (!facts) throw new Error(`There is no operation ${operationId} that could be cleared.`);
  return facts;
}

/** An approval as it is opened. */
export interface NewApproval extends StepRecord {
  readonly approvalId: string;
  readonly requester: Requester;
  readonly verdict: PolicyVerdict;
  readonly expiresInSeconds: number;
  readonly digest: string;
  readonly shown: Readonly<Record<string, string>>;
  readonly card: ApprovalCard;
  /** The approval it takes the place of, which is void from now on. */
  readonly supersedes?: string | undefined;
  readonly difference?: string | undefined;
  readonly waitsFor: string;
}

/** Opens an approval, voids the one before it, and lets the operation wait for it; one statement. */
export async function writeApproval(db: TenantSql, approval: NewApproval): Promise<StepAnswer> {
  const { approvalId, requester, verdict, event, supersedes = null } = approval;
  const { rows } = await sql`
    with operation as (${openOperation(approval)}),
    voided as (
      update approvals a set status = 'void', closed_at = now() from operation where a.id = ${supersedes}
    ), opened as (
      insert into approvals (id, operation_id, runtime_id, deployment_id, status, reason, quorum, demands, digest,
        shown, card, supersedes, difference, requested_by, requester_id, requester_person, expires_at)
      select ${approvalId}, id, runtime_id, deployment_id, 'open', ${verdict.reason},
        ${Math.max(1, ...verdict.demands.map(({ quorum }) => quorum))}::int, ${JSON.stringify(verdict.demands)}::jsonb,
        ${approval.digest}, ${JSON.stringify(approval.shown)}::jsonb, ${JSON.stringify(approval.card)}::jsonb,
        ${supersedes}, ${approval.difference ?? null}, ${requester.name}, ${requester.id},
        ${requester.personId ?? requester.id}, now() + make_interval(secs => ${approval.expiresInSeconds}::float8)
      from operation
    ), waiting as (
      update operations o set stage = 'awaiting_approval', stage_since = now(), approval_id = ${approvalId},
        message = ${event.message}, waits_for = ${approval.waitsFor}, verdict = ${JSON.stringify(verdict)}::jsonb
      from operation where o.id = operation.id
    ), deployment as (
      update deployments d set stage = 'awaiting_approval' from operation where d.id = operation.deployment_id
    ), ${writingEvent(event, 'operation')}`.execute(db);
  return rows.length > 0 ? 'written' : whyNot(db, approval);
}

/** Keeps what the policies said right before the operation acts, and makes it the operation's verdict. */
export async function writeClearanceDecision(
  db: TenantSql,
  made: {
    readonly operationId: string;
    readonly runtimeId: string;
    readonly decision: PolicyDecision;
    readonly policies: readonly Policy[];
  },
): Promise<void> {
  const { operationId, decision } = made;
  await sql`
    with decision as (${keepingPolicyDecisions({ ...made, moment: 'clearance', decisions: [decision] })})
    update operations set verdict = ${JSON.stringify(decision.verdict)}::jsonb where id = ${operationId}`.execute(
    db,
  );
}
