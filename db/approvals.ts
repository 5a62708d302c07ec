import { sql } from 'kysely';
import type { Approval, ApprovalCard, ApprovalSummary, Decision } from '../domain/approval.ts';
import type { GivenAnswer } from '../domain/given-answer.ts';
import type { ApprovalDemand } from '../domain/policy.ts';
import { type Page, type PageRequest, pageOf, rowsToRead, startOf } from './page.ts';
import type { TenantSql } from './tables.ts';

export interface ApprovalFilter {
  readonly status?: Approval['status'] | undefined;
  /** Those that wait, or those that do not any more. */
  readonly open?: boolean | undefined;
  readonly operationId?: string | undefined;
}

/** An approval with what is not shown of it: the project, who asked, and how each answer was given. */
export interface FullApproval {
  readonly approval: Approval;
  readonly project: string;
  readonly requesterPerson: string;
  readonly answers: readonly GivenAnswer[];
}

/** What of an open approval says whether it waits for somebody. */
export type OpenQuestion = Omit<FullApproval, 'approval'> & {
  readonly id: string;
  readonly requesterId: string;
  readonly demands: readonly ApprovalDemand[];
};

/** One approval with its decisions. */
export async function findApproval(db: TenantSql, approvalId: string): Promise<Approval | undefined> {
  return (await findFullApproval(db, approvalId))?.approval;
}

/** One approval with its decisions and everything by which further ones are judged. */
export async function findFullApproval(db: TenantSql, approvalId: string): Promise<FullApproval | undefined> {
  const row = await approvalRows(db)
    .select('a.card')
    .select(['a.requester_person', GIVEN_ANSWERS.as('answers'), PROJECT.as('project')])
    .where('a.id', '=', approvalId)
    .executeTakeFirst();
  if (!row) return undefined;
  const { answers, project, requester_person, card, ...rest } = row;
  return {
    approval: { ...toSummary({ ...rest, card }), card: cardOf(row) },
    project,
    requesterPerson: requester_person ?? row.requester_id,
    answers,
  };
}

/** The tenant’s approvals, newest first, without the diffs of their cards. */
export async function listApprovals(
  db: TenantSql,
  { filter = {}, ...page }: { filter?: ApprovalFilter } & PageRequest,
): Promise<Page<ApprovalSummary>> {
  const query = ['approvals', filter.status, filter.open, filter.operationId];
  const after = startOf(page, query);
  let rows = summaryRows(db).orderBy('a.id', 'desc').limit(rowsToRead(page));
  if (after !== undefined) rows = rows.where('a.id', '<', after);
  if (filter.status !== undefined) rows = rows.where('a.status', '=', filter.status);
  if (filter.open !== undefined) rows = rows.where('a.status', filter.open ? '=' : '<>', 'open');
  if (filter.operationId !== undefined) rows = rows.where('a.operation_id', '=', filter.operationId);
  return pageOf((await rows.execute()).map(toSummary), { request: page, query });
}

/** These approvals, newest first. */
export async function readApprovals(db: TenantSql, ids: readonly string[]): Promise<ApprovalSummary[]> {
  if (ids.length === 0) return [];
  const rows = await summaryRows(db).where('a.id', 'in', ids).orderBy('a.id', 'desc').execute();
  return rows.map(toSummary);
}

/** Open approvals with an id below `before`, newest first, as far as is needed to tell whom they wait for. */
export async function listOpenQuestions(
  db: TenantSql,
  { before, filter, limit }: { before?: string | undefined; filter: ApprovalFilter; limit: number },
): Promise<OpenQuestion[]> {
  const { rows } = await sql<OpenQuestion>`
    select a.id, a.requester_id as "requesterId", coalesce(a.requester_person, a.requester_id) as "requesterPerson",
      ${DEMANDS} as demands, ${PROJECT} as project, ${GIVEN_ANSWERS} as answers
    from approvals a
    where a.status = 'open' and a.expires_at > clock_timestamp()
      and (${before ?? null}::text is null or a.id < ${before ?? null})
      and (${filter.operationId ?? null}::text is null or a.operation_id = ${filter.operationId ?? null})
      and (${filter.status ?? null}::text is null or a.status = ${filter.status ?? null})
    order by a.id desc limit ${limit}`.execute(db);
  return rows;
}

const PROJECT = sql<string>`(select r.project from runtimes r where r.id = a.runtime_id)`;

// An approval of an earlier release has a quorum and nothing else.
const DEMANDS = sql<
  ApprovalDemand[]
>`case when a.demands = '[]'::jsonb then jsonb_build_array(jsonb_build_object(
    'quorum', a.quorum, 'roles', '[]'::jsonb, 'groups', '[]'::jsonb, 'acr', '[]'::jsonb, 'because', a.reason))
  else a.demands end`;

/** As one JSON list: the answers to the approval `a` of a statement that were not withdrawn, the first first. */
export const GIVEN_ANSWERS = sql<GivenAnswer[]>`coalesce((
  select jsonb_agg(jsonb_build_object('principalId', x.principal_id, 'name', x.decided_by,
    'personId', coalesce(x.person_id, x.principal_id), 'forId', x.for_id, 'forName', x.for_name, 'acr', x.acr,
    'decision', x.decision) order by x.decided_at, x.principal_id)
  from approval_decisions x where x.approval_id = a.id and x.withdrawn_at is null), '[]'::jsonb)`;

type DecisionRow = Omit<Decision, 'decided_at' | 'withdrawn_at'> & {
  readonly decided_at: number;
  readonly withdrawn_at: number | null;
};

// Epochs, because a timestamp inside JSON would come back in the server's own format.
const DECISIONS = sql<DecisionRow[]>`coalesce((
  select jsonb_agg(jsonb_build_object('decided_by', x.decided_by, 'principal_id', x.principal_id,
    'for', case when x.for_id is not null then jsonb_build_object('id', x.for_id, 'name', x.for_name) end,
    'decision', x.decision, 'comment', x.comment, 'decided_at', extract(epoch from x.decided_at) * 1000,
    'withdrawn_at', extract(epoch from x.withdrawn_at) * 1000)
    order by x.decided_at, x.principal_id)
  from approval_decisions x where x.approval_id = a.id), '[]'::jsonb)`;

function approvalRows(db: TenantSql) {
  return db
    .selectFrom('approvals as a')
    .select(['a.id', 'a.operation_id', 'a.runtime_id', 'a.deployment_id', 'a.status', 'a.reason', 'a.quorum'])
    .select(['a.digest', 'a.supersedes', 'a.difference', 'a.requested_by', 'a.requester_id'])
    .select(['a.expires_at', 'a.created_at', 'a.closed_at'])
    .select([DEMANDS.as('demands'), DECISIONS.as('decisions')]);
}

function summaryRows(db: TenantSql) {
  return approvalRows(db).select(sql<Partial<ApprovalCard>>`a.card - 'changes'`.as('card'));
}

type SummaryRow = Awaited<ReturnType<ReturnType<typeof summaryRows>['execute']>>[number];

function toSummary(row: SummaryRow): ApprovalSummary {
  const { changes: _, ...card } = cardOf(row);
  return {
    ...row,
    card,
    decisions: row.decisions.map(decision => ({
      ...decision,
      decided_at: new Date(decision.decided_at).toISOString(),
      withdrawn_at: decision.withdrawn_at === null ? null : new Date(decision.withdrawn_at).toISOString(),
    })),
    expires_at: row.expires_at.toISOString(),
    created_at: row.created_at.toISOString(),
    closed_at: row.closed_at?.toISOString() ?? null,
  };
}

// An approval of an earlier release has no card.
function cardOf(
  row: Pick<SummaryRow, 'reason' | 'requested_by'> & { card: Partial<ApprovalCard> },
): ApprovalCard {
  return {
    title: row.reason,
    changes: [],
    summary: { create: 0, update: 0, unchanged: 0, remove: 0 },
    steps: [],
    target: {},
    chart: null,
    risk: { level: 'high', reasons: ['It was asked for before cards were kept: look at the operation'] },
    cost: null,
    evidence: [],
    requested_by: row.requested_by,
    on_behalf_of: null,
    comment: null,
    ...row.card,
  };
}
