import { isDeepStrictEqual } from 'node:util';
import { ApplicationFailure } from '@temporalio/activity';
import { approverRights } from '../db/approvals.ts';
import {
  type ClearanceFacts,
  type KnownApproval,
  type KnownDecision,
  readClearanceFacts,
  writeApproval,
  writeClearanceDecision,
} from '../db/clearance.ts';
import type { Database } from '../db/database.ts';
import { writeStage } from '../db/deploy-progress.ts';
import type { TenantSql } from '../db/tables.ts';
import { type Approver, rightsIn } from '../domain/approver.ts';
import { newId } from '../domain/ids.ts';
import type { ApprovalDemand, PolicyQuestion, PolicyVerdict } from '../domain/policy.ts';
import { type Answer, decide } from '../domain/rules/approval.ts';
import { PRICES, type Prices } from '../domain/rules/prices.ts';
import { runtimeState } from '../domain/rules/runtime-state.ts';
import { type Standing, standingAnswers } from '../domain/rules/standing-answers.ts';
import { judge, strictest } from '../policy/judge.ts';
import { costOf } from '../policy/question.ts';
import { differenceBetween, type Proposal, type Shown, show } from './proposal.ts';
import { insistWritten, type StageRecord, stageChange } from './records.ts';

/** A question to people that is to be opened. */
export interface ConsentSought extends Omit<StageRecord, 'stage'>, Proposal {
  /** What the policies demand. */
  readonly policy: PolicyVerdict;
  /** The approval that no longer holds, and why. */
  readonly supersedes?: string;
  readonly difference?: string;
}

/** A question to people as the workflow waits for it. */
export interface OpenedApproval {
  readonly id: string;
  readonly digest: string;
  readonly demands: readonly ApprovalDemand[];
  readonly expiresInSeconds: number;
}

/** An operation right before it acts; of a change, its step `index`. */
export interface ClearanceSought extends StageRecord, Proposal {
  readonly index: number;
}

/**
 * Whether it may act now. `denied`: the policies say no by now. `consent_needed`: people must agree, or agree again
 * because what they saw, or who they are, has changed; `difference` says in what.
 */
export type Clearance =
  | { readonly cleared: true }
  | { readonly cleared: false; readonly why: 'denied'; readonly verdict: PolicyVerdict }
  | {
      readonly cleared: false;
      readonly why: 'consent_needed';
      readonly verdict: PolicyVerdict;
      readonly supersedes?: string;
      readonly difference?: string;
    };

/** The promises about consent and the last look before acting. Each: one transaction, safe to repeat. */
export interface ClearanceActivities {
  /** Shows people what is to be done and asks for their consent; the stage is `awaiting_approval` from now on. */
  openApproval(input: ConsentSought): Promise<OpenedApproval>;
  /** Judges once more by the policies of now; if it may act, enters the stage. */
  clear(input: ClearanceSought): Promise<Clearance>;
}

interface ClearanceDependencies {
  readonly db: Database;
  /** Relative units when left out. */
  readonly prices?: Prices;
}

/** Makes the promises over the database. */
export function createClearanceActivities({
  db,
  prices = PRICES,
}: ClearanceDependencies): ClearanceActivities {
  return {
    openApproval: input => db.inTenant(input.tenantId, tenant => openApproval(tenant, input)),
    clear: input => db.inTenant(input.tenantId, tenant => clear(tenant, input, prices)),
  };
}

async function openApproval(db: TenantSql, input: ConsentSought): Promise<OpenedApproval> {
  const { policy: verdict, requester } = input;
  const facts = await readClearanceFacts(db, input);
  const seconds = verdict.expires_in_seconds ?? DEFAULT_EXPIRY_SECONDS;
  if (facts.repeated && facts.approval) return opened(facts.approval, verdict, seconds);
  const { card, shown, digest } = show(input, { facts, question: facts.questions[0]?.question, verdict });
  const approvalId = newId('approval');
  const { event } = stageChange({ ...input, stage: 'awaiting_approval' });
  const written = await writeApproval(db, {
    ...input,
    verdict,
    approvalId,
    expiresInSeconds: seconds,
    digest,
    shown,
    card,
    waitsFor: `the approval of ${wanted(verdict)} other than ${requester.name} (${approvalId})`,
    event: { ...event, data: { ...event.data, approval_id: approvalId, digest } },
  });
  insistWritten(written, input);
  return opened({ id: approvalId, digest }, verdict, seconds);
}

const DEFAULT_EXPIRY_SECONDS = 24 * 3600;

function opened(
  { id, digest }: Pick<KnownApproval, 'id' | 'digest'>,
  { demands }: PolicyVerdict,
  expiresInSeconds: number,
): OpenedApproval {
  return { id, digest, demands, expiresInSeconds };
}

function wanted({ demands }: PolicyVerdict): string {
  return `${Math.max(1, ...demands.map(({ quorum }) => quorum))}`;
}

async function clear(db: TenantSql, input: ClearanceSought, prices: Prices): Promise<Clearance> {
  const facts = await readClearanceFacts(db, input);
  if (facts.repeated) return { cleared: true };
  const { question, verdict } = judgeAgain(facts, input, prices);
  if (hasChanged(facts.verdict, verdict))
    await writeClearanceDecision(db, {
      ...input,
      decision: { step: input.index, question, verdict },
      policies: facts.policies,
    });
  const denied = deniedBy(verdict) ?? otherReach(facts, input, prices);
  if (denied) return { cleared: false, why: 'denied', verdict: denied };
  const objection = await consentMissing(db, { facts, input, verdict, question });
  if (objection) return { cleared: false, why: 'consent_needed', verdict, ...objection };
  insistWritten(await writeStage(db, stageChange(input)), input);
  return { cleared: true };
}

/** Of a change, everything that is still to come is judged: people agree to all of it at once. */
function judgeAgain(
  facts: ClearanceFacts,
  { index, operationId }: ClearanceSought,
  prices: Prices,
): { question: PolicyQuestion; verdict: PolicyVerdict } {
  const questions = facts.questions
    .filter(({ step }) => step >= index)
    .map(({ question }) => asOfNow(question, facts, prices));
  const [question] = questions;
  if (!question)
    throw ApplicationFailure.nonRetryable(
      `Operation ${operationId} may not act: what the policies were asked at its admission was not kept.`,
      'policy_denied',
    );
  return { question, verdict: strictest(questions.map(each => judge(each, facts.policies))) };
}

function deniedBy(verdict: PolicyVerdict): PolicyVerdict | undefined {
  return verdict.answer === 'deny' ? verdict : undefined;
}

/** What was planned lets it reach what the policies of admission let it; other ones want another plan. */
function otherReach(
  facts: ClearanceFacts,
  { target }: ClearanceSought,
  prices: Prices,
): PolicyVerdict | undefined {
  const verdicts = facts.questions.map(({ question }) =>
    judge(asOfNow(question, facts, prices), facts.policies),
  );
  const verdict = strictest(verdicts);
  const { egress } = verdict.obligations;
  const now = egress && { cidrs: egress.cidrs, namespaces: egress.namespaces };
  if (isDeepStrictEqual(now ?? undefined, target.egress)) return undefined;
  const reason = `where policies let ${target.runtimeName} reach has changed since this was planned (${egress?.because ?? 'no rule is about it any more'}); ask for it again`;
  return { ...verdict, answer: 'deny', reason };
}

function asOfNow(question: PolicyQuestion, facts: ClearanceFacts, prices: Prices): PolicyQuestion {
  const { runtime, holdings } = facts;
  const { lifecycle } = question.runtime;
  const now = {
    ...question,
    runtime: {
      ...question.runtime,
      labels: { ...runtime.labels },
      lifecycle: lifecycle === 'new' ? lifecycle : runtimeState(runtime.phase, runtime.health ?? 'unknown'),
    },
    now: new Date().toISOString(),
  };
  return { ...now, cost: costOf(now, { holdings, prices, action: question.action }) };
}

function hasChanged(before: PolicyVerdict | null, now: PolicyVerdict): boolean {
  return before?.digest !== now.digest || before.answer !== now.answer;
}

interface Weighed {
  readonly facts: ClearanceFacts;
  readonly input: ClearanceSought;
  readonly verdict: PolicyVerdict;
  readonly question: PolicyQuestion;
}

/** Why people must be asked, or asked again; nothing when nobody need be, or enough have agreed to exactly this. */
async function consentMissing(
  db: TenantSql,
  { facts, input, verdict, question }: Weighed,
): Promise<{ supersedes?: string; difference?: string } | undefined> {
  const { approval } = facts;
  if (verdict.answer !== 'require_approval') return undefined;
  if (!approval) return {};
  const { id: supersedes } = approval;
  const difference =
    input.index === 0 ? whatChanged(approval, show(input, { facts, question, verdict })) : undefined;
  if (difference) return { supersedes, difference };
  const { answers, fallen } = await standing(db, approval, { demands: verdict.demands, ...input.target });
  if (decide({ answers, demands: verdict.demands }) === 'approved') return undefined;
  const why = fallen.map(each => each.why).join('; ');
  return { supersedes, difference: why || 'who must agree has changed' };
}

function whatChanged(approval: KnownApproval, now: Shown): string | undefined {
  return approval.digest === now.digest ? undefined : (differenceBetween(approval, now) ?? 'what was shown');
}

/** The decisions with what their givers may do now. */
async function standing(
  db: TenantSql,
  { decisions }: KnownApproval,
  { demands, project }: { readonly demands: readonly ApprovalDemand[]; readonly project: string },
): Promise<Standing> {
  const ids = decisions.flatMap(({ principalId, forId }) => (forId ? [principalId, forId] : [principalId]));
  const approvers = await approverRights(db, ids);
  const rights = approvers.map(approver => rightsIn(project, approver));
  return standingAnswers({ answers: decisions.map(each => answerFrom(each, approvers)), demands, rights });
}

function answerFrom(given: KnownDecision, approvers: readonly Approver[]): Answer {
  const { principalId, personId, name, decision, forId, forName, acr } = given;
  const known = approvers.find(({ id }) => id === forId);
  const inPlaceOf = forId
    ? { id: forId, name: forName ?? forId, kind: 'human' as const, personId: known?.personId ?? forId }
    : undefined;
  const by = { id: principalId, name, kind: 'human' as const, personId, ...(acr && { acr }) };
  return { by, decision, ...(inPlaceOf && { inPlaceOf }) };
}
