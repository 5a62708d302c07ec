import { sql } from 'kysely';
import type { Deployment, Evidence, Plan } from '../domain/deployment.ts';
import { type Page, type PageRequest, pageOf, rowsToRead, startOf } from './page.ts';
import type { TenantSql } from './tables.ts';

/** A deployment as lists show it: without plan and evidence, which may be large. */
export type DeploymentLine = Omit<Deployment, 'plan' | 'evidence'>;

/** One deployment with its plan and evidence. */
export async function findDeployment(db: TenantSql, deploymentId: string): Promise<Deployment | undefined> {
  const row = await lines(db)
    .leftJoin('deployment_details as x', 'x.deployment_id', 'd.id')
    .select(['x.plan', 'x.evidence'])
    .where('d.id', '=', deploymentId)
    .executeTakeFirst();
  return row && { ...toLine(row), plan: row.plan, evidence: row.evidence };
}

/** A runtime's deployments, newest first. */
export async function listDeployments(
  db: TenantSql,
  { runtimeId, ...page }: { runtimeId: string } & PageRequest,
): Promise<Page<DeploymentLine>> {
  const query = ['deployments', runtimeId];
  const after = startOf(page, query);
  let rows = lines(db).where('d.runtime_id', '=', runtimeId).orderBy('d.id', 'desc').limit(rowsToRead(page));
  if (after !== undefined) rows = rows.where('d.id', '<', after);
  return pageOf((await rows.execute()).map(toLine), { request: page, query });
}

/** Keeps what a deployment would change; a repeated call replaces the plan with its newer self. */
export async function savePlan(
  db: TenantSql,
  { deploymentId, plan }: { deploymentId: string; plan: Plan },
): Promise<void> {
  await sql`
    insert into deployment_details (deployment_id, plan) values (${deploymentId}, ${JSON.stringify(plan)}::jsonb)
    on conflict (tenant_id, deployment_id) do update set plan = excluded.plan`.execute(db);
}

/** Keeps what was seen when a deployment was given up. */
export async function saveEvidence(
  db: TenantSql,
  { deploymentId, evidence }: { deploymentId: string; evidence: Evidence },
): Promise<void> {
  await sql`
    insert into deployment_details (deployment_id, evidence)
    values (${deploymentId}, ${JSON.stringify(evidence)}::jsonb)
    on conflict (tenant_id, deployment_id) do update set evidence = excluded.evidence`.execute(db);
}

function lines(db: TenantSql) {
  return db
    .selectFrom('deployments as d')
    .select(['d.id', 'd.runtime_id', 'd.operation_id', 'd.stage', 'd.outcome', 'd.agent', 'd.verification'])
    .select(['d.policy', 'd.base_revision', 'd.revision', 'd.restored_revision', 'd.verified', 'd.verdict'])
    .select(['d.error', 'd.requested_by', 'd.comment', 'd.created_at', 'd.finished_at']);
}

type LineRow = Awaited<ReturnType<ReturnType<typeof lines>['execute']>>[number];

function toLine(row: LineRow): DeploymentLine {
  return {
    id: row.id,
    runtime_id: row.runtime_id,
    operation_id: row.operation_id,
    stage: row.stage,
    outcome: row.outcome,
    agent: row.agent,
    verification: row.verification,
    policy: row.policy,
    base_revision: row.base_revision,
    revision: row.revision,
    restored_revision: row.restored_revision,
    verified: row.verified,
    verdict: row.verdict,
    error: row.error,
    requested_by: row.requested_by,
    comment: row.comment,
    created_at: row.created_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
  };
}
