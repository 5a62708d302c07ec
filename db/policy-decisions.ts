import type { PolicyQuestion, PolicyVerdict } from '../domain/policy.ts';
import type { TenantSql } from './tables.ts';

/** An answer the policies have given, as it was kept. */
export interface KeptDecision {
  readonly id: string;
  readonly operationId: string | null;
  readonly runtimeId: string | null;
  readonly moment: 'admission' | 'clearance';
  readonly question: PolicyQuestion;
  readonly verdict: PolicyVerdict;
  readonly decidedAt: Date;
}

export interface DecisionFilter {
  readonly since?: Date | undefined;
  /** At most this many: the newest. */
  readonly limit: number;
}

/** The decisions of the tenant, newest first. */
export async function listDecisions(
  db: TenantSql,
  { since, limit }: DecisionFilter,
): Promise<KeptDecision[]> {
  let rows = db
    .selectFrom('policy_decisions')
    .select(['id', 'operation_id as operationId', 'runtime_id as runtimeId', 'moment'])
    .select(['question', 'verdict', 'decided_at as decidedAt'])
    .orderBy('decided_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit);
  if (since !== undefined) rows = rows.where('decided_at', '>=', since);
  return rows.execute();
}
