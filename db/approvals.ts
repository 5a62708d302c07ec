import { sql } from 'kysely';
import type { Approval, Decision } from '../domain/approval.ts';
import { type Page, type PageRequest, pageOf, rowsToRead, startOf } from './page.ts';
import type { TenantSql } from './tables.ts';

export interface ApprovalFilter {
  readonly status?: Approval['status'] | undefined;
  readonly operationId?: string | undefined;
}

/** One approval with its decisions. */
export async function findApproval(db: TenantSql, approvalId: string): Promise<Approval | undefined> {
  const row = await approvalRows(db).where('a.id', '=', approvalId).executeTakeFirst();
  return row && toApproval(row);
}

/** The tenant's approvals, newest first. */
export async function listApprovals(
  db: TenantSql,
  { filter = {}, ...page }: { filter?: ApprovalFilter } & PageRequest,
): Promise<Page<Approval>> {
  const query = ['approvals', filter.status, filter.operationId];
  const after = startOf(page, query);
  let rows = approvalRows(db).orderBy('a.id', 'desc').limit(rowsToRead(page));
  if (after !== undefined) rows = rows.where('a.id', '<', after);
  if (filter.status !== undefined) rows = rows.where('a.status', '=', filter.status);
  if (filter.operationId !== undefined) rows = rows.where('a.operation_id', '=', filter.operationId);
  return pageOf((await rows.execute()).map(toApproval), { request: page, query });
}

// Epochs, because a timestamp inside JSON would come back in the server's own format.
const DECISIONS = sql<(Omit<Decision, 'decided_at'> & { decided_at: number })[]>`coalesce((
  select jsonb_agg(jsonb_build_object('decided_by', x.decided_by, 'principal_id', x.principal_id,
    'decision', x.decision, 'comment', x.comment, 'decided_at', extract(epoch from x.decided_at) * 1000)
    order by x.decided_at, x.principal_id)
  from approval_decisions x where x.approval_id = a.id), '[]'::jsonb)`;

function approvalRows(db: TenantSql) {
  return db
    .selectFrom('approvals as a')
    .select(['a.id', 'a.operation_id', 'a.runtime_id', 'a.deployment_id', 'a.status', 'a.reason', 'a.quorum'])
    .select(['a.requested_by', 'a.requester_id', 'a.expires_at', 'a.created_at', 'a.closed_at'])
    .select(DECISIONS.as('decisions'));
}

type ApprovalRow = Awaited<ReturnType<ReturnType<typeof approvalRows>['execute']>>[number];

function toApproval(row: ApprovalRow): Approval {
  return {
    ...row,
    decisions: row.decisions.map(decision => ({
      ...decision,
      decided_at: new Date(decision.decided_at).toISOString(),
    })),
    expires_at: row.expires_at.toISOString(),
    created_at: row.created_at.toISOString(),
    closed_at: row.closed_at?.toISOString() ?? null,
  };
}
