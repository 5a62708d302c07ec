import { listOpenQuestions, type OpenQuestion, readApprovals } from '../../db/approvals.ts';
import { findApprovers } from '../../db/approvers.ts';
import { type Page, pageOf, startOf } from '../../db/page.ts';
import type { TenantSql } from '../../db/tables.ts';
import type { ApprovalSummary } from '../../domain/approval.ts';
import { involvedIn } from '../../domain/given-answer.ts';
import type { Principal } from '../../domain/principal.ts';
import { pageRequest } from '../http/paging.ts';
import type { ApprovalListQuery } from './approvals.schemas.ts';
import { entitlementOf, waitsFor } from './judging.ts';

const READ_AT_ONCE = 200;

/** The open approvals that wait for a decision the caller may give, newest first. */
export async function listWaitingFor(
  db: TenantSql,
  caller: Principal,
  asked: ApprovalListQuery,
): Promise<Page<ApprovalSummary>> {
  const request = pageRequest(asked);
  const query = ['approvals', 'mine', caller.id, asked.status, asked.operation_id];
  const filter = { status: asked.status, operationId: asked.operation_id };
  const found: OpenQuestion[] = [];
  let before = startOf(request, query);
  // Whom a question waits for is judged here, so it is read on until the page is full.
  while (found.length <= request.pageSize) {
    const questions = await listOpenQuestions(db, { before, filter, limit: READ_AT_ONCE });
    found.push(...(await thoseFor(db, caller, questions)));
    before = questions.at(-1)?.id;
    if (questions.length < READ_AT_ONCE) break;
  }
  const { items, nextPageToken } = pageOf(found, { request, query });
  return {
    items: await readApprovals(
      db,
      items.map(({ id }) => id),
    ),
    nextPageToken,
  };
}

async function thoseFor(db: TenantSql, caller: Principal, questions: readonly OpenQuestion[]) {
  if (questions.length === 0) return [];
  const involved = involvedIn(questions.flatMap(({ answers }) => answers));
  const approvers = await findApprovers(db, [caller.id, ...involved]);
  return questions.filter(each => waitsFor(entitlementOf(caller, each.project, approvers), each, approvers));
}
