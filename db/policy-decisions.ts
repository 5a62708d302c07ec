import { type RawBuilder, sql } from 'kysely';
import { newId } from '../domain/ids.ts';
import type { Policy, PolicyQuestion, PolicyVerdict } from '../domain/policy.ts';
import type { TenantSql } from './tables.ts';

/** One answer of the policies, as it is kept so that it can be looked up and decided again under other policies. */
export interface PolicyDecision {
  /** Position in the operation's list of steps, from 0. */
  readonly step: number;
  readonly question: PolicyQuestion;
  readonly verdict: PolicyVerdict;
}

interface Made {
  readonly operationId: string;
  readonly runtimeId: string | null;
  /** `admission`: when it was asked for; `clearance`: right before it acted. */
  readonly moment: 'admission' | 'clearance';
  readonly decisions: readonly PolicyDecision[];
  readonly policies: readonly Pick<Policy, 'id' | 'version'>[];
}

/** A statement that keeps decisions; for a CTE of the statement that writes what follows from them. */
export function keepingPolicyDecisions(made: Made): RawBuilder<unknown> {
  const { operationId, runtimeId, moment, decisions, policies } = made;
  const judgedBy = JSON.stringify(policies.map(({ id, version }) => ({ id, version })));
  const rows = decisions.map(decision => ({ id: newId('decision'), ...decision }));
  return sql`
    insert into policy_decisions (id, operation_id, runtime_id, moment, step, question, verdict, policies, digest)
    select d.id, ${operationId}, ${runtimeId}, ${moment}, d.step, d.question, d.verdict, ${judgedBy}::jsonb,
      d.verdict ->> 'digest'
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as d(id text, step int, question jsonb, verdict jsonb)`;
}

/** An answer the policies have given, as it was kept. */
export interface KeptPolicyDecision {
  readonly id: string;
  readonly operationId: string | null;
  readonly runtimeId: string | null;
  readonly moment: 'admission' | 'clearance';
  readonly question: PolicyQuestion;
  readonly verdict: PolicyVerdict;
  readonly decidedAt: Date;
}

export interface PolicyDecisionFilter {
  readonly since?: Date | undefined;
  /** At most this many: the newest. */
  readonly limit: number;
}

/** The decisions of the tenant, newest first. */
export async function listPolicyDecisions(
  db: TenantSql,
  { since, limit }: PolicyDecisionFilter,
): Promise<KeptPolicyDecision[]> {
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
