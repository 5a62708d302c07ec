import { type SqlBool, sql } from 'kysely';
import type { Operation, OperationStatus } from '../domain/operation.ts';
import type { PolicyVerdict } from '../domain/policy.ts';
import { meaningOf, percentOf, statusOf } from '../domain/rules/operation-status.ts';
import { type Page, type PageRequest, pageOf, rowsToRead, startOf } from './page.ts';
import type { TenantSql } from './tables.ts';

export interface OperationFilter {
  readonly status?: OperationStatus | undefined;
  readonly runtimeId?: string | undefined;
  readonly project?: string | undefined;
}

/** One operation; `workflow.url` is left to whoever knows where the Temporal Web UI is. */
export async function findOperation(db: TenantSql, operationId: string): Promise<Operation | undefined> {
  const row = await operationRows(db).where('id', '=', operationId).executeTakeFirst();
  return row && toOperation(row);
}

/** The tenant's operations, newest first. */
export async function listOperations(
  db: TenantSql,
  { filter = {}, ...page }: { filter?: OperationFilter } & PageRequest,
): Promise<Page<Operation>> {
  const query = ['operations', filter.status, filter.runtimeId, filter.project];
  const after = startOf(page, query);
  let rows = operationRows(db).orderBy('id', 'desc').limit(rowsToRead(page));
  if (after !== undefined) rows = rows.where('id', '<', after);
  if (filter.runtimeId !== undefined) rows = rows.where('runtime_id', '=', filter.runtimeId);
  if (filter.project !== undefined) rows = rows.where('project', '=', filter.project);
  if (filter.status !== undefined) rows = rows.where(hasStatus(filter.status));
  return pageOf((await rows.execute()).map(toOperation), { request: page, query });
}

function operationRows(db: TenantSql) {
  return db
    .selectFrom('operations')
    .select(['id', 'kind', 'stage', 'outcome', 'tenant_id', 'project', 'environment', 'runtime_id'])
    .select(['deployment_id', 'approval_id', 'requested_by', 'waits_for', 'message', 'error', 'workflow_id'])
    .select(['run_id', 'steps', 'created_at', 'finished_at', 'verdict', 'on_behalf_of']);
}

type OperationRow = Awaited<ReturnType<ReturnType<typeof operationRows>['execute']>>[number];

function toOperation(row: OperationRow): Operation {
  return {
    id: row.id,
    kind: row.kind,
    status: statusOf(row.stage, row.outcome),
    stage: row.stage,
    outcome: row.outcome,
    tenant_id: row.tenant_id,
    project: row.project,
    environment: row.environment,
    runtime_id: row.runtime_id,
    deployment_id: row.deployment_id,
    approval_id: row.approval_id,
    requested_by: row.requested_by,
    on_behalf_of: row.on_behalf_of,
    verdict: row.verdict && inShort(row.verdict),
    steps: row.steps,
    waits_for: row.waits_for,
    progress: { percent: percentOf(row.stage), message: row.message },
    error: row.error,
    workflow: { workflow_id: row.workflow_id, run_id: row.run_id, url: null },
    created_at: row.created_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
  };
}

function inShort({ answer, policy, reason, digest }: PolicyVerdict): Operation['verdict'] {
  return { answer, policy, reason, digest };
}

// The same map as `statusOf`, turned round so that the database can filter before it pages.
function hasStatus(status: OperationStatus) {
  const { stages, outcomes } = meaningOf(status);
  return sql<SqlBool>`(outcome = any(${outcomes}::text[]) or (outcome is null and stage = any(${stages}::text[])))`;
}
