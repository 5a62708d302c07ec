import { findApprovers } from '../db/approvers.ts';
import {
  type ClearanceFacts,
  type KnownApproval,
  readClearanceFacts,
  writeApproval,
  writeClearanceDecision,
} from '../db/clearance.ts';
import type { Database } from '../db/database.ts';
import { writeStage } from '../db/deploy-progress.ts';
import type { TenantSql } from '../db/tables.ts';
import { rightsIn } from '../domain/approver.ts';
import { answerNow, involvedIn } from '../domain/given-answer.ts';
import { newId } from '../domain/ids.ts';
import type { ApprovalDemand, PolicyQuestion, PolicyVerdict } from '../domain/policy.ts';
import { decide } from '../domain/rules/approval.ts';
import { demandInWords } from '../domain/rules/demand-in-words.ts';
import { PRICES, type Prices } from '../domain/rules/prices.ts';
import { type Standing, standingAnswers } from '../domain/rules/standing-answers.ts';
import { askedPeopleRecord } from './auditing.ts';
import { deniedByReach, judgeAgain, lookAgain } from './judging-again.ts';
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
    event: {
      ...event,
      data: { ...event.data, approval_id: approvalId, digest },
      audit: askedPeopleRecord({ ...input, approvalId, digest }),
      auditOf: 'operation',
    },
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
  return demands.map(demandInWords).join(' and of ') || 'somebody';
}

async function clear(db: TenantSql, input: ClearanceSought, prices: Prices): Promise<Clearance> {
  const facts = await readClearanceFacts(db, input);
  if (facts.repeated) return { cleared: true };
  const look = lookAgain({ facts, prices, now: new Date() });
  const { question, verdict } = judgeAgain(look, input);
  if (hasChanged(facts.verdict, verdict))
    await writeClearanceDecision(db, {
      ...input,
      decision: { step: input.index, question, verdict },
      policies: facts.policies,
    });
  const denied =
    verdict.answer === 'deny'
      ? verdict
      : (deniedAsDisabled(facts, verdict, input) ?? deniedByReach(look, input.target));
  if (denied) return { cleared: false, why: 'denied', verdict: denied };
  const objection = await consentMissing(db, { facts, input, verdict, question });
  if (objection) return { cleared: false, why: 'consent_needed', verdict, ...objection };
  insistWritten(await writeStage(db, stageChange(input)), input);
  return { cleared: true };
}

/** What somebody asked for who may nothing any more is not done. */
function deniedAsDisabled(
  { requesterDisabled }: ClearanceFacts,
  verdict: PolicyVerdict,
  { requester: { name, onBehalfOf } }: ClearanceSought,
): PolicyVerdict | undefined {
  if (!requesterDisabled) return undefined;
  const who = onBehalfOf ? `${name}, or ${onBehalfOf.name} for whom it was asked,` : name;
  const reason = `${who} has been disabled since it was asked for; somebody else must ask for it`;
  return { ...verdict, answer: 'deny', reason };
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

/** The answers with what their givers may do now. */
async function standing(
  db: TenantSql,
  { answers }: KnownApproval,
  { demands, project }: { readonly demands: readonly ApprovalDemand[]; readonly project: string },
): Promise<Standing> {
  const approvers = await findApprovers(db, involvedIn(answers));
  const rights = approvers.map(approver => rightsIn(project, approver));
  return standingAnswers({
    answers: answers.map(given => answerNow(given, project, approvers)),
    demands,
    rights,
  });
}
