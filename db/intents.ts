import type { OperationStep, Outcome, Stage } from '../domain/operation.ts';
import { currentHealth } from '../domain/rules/runtime-state.ts';
import { OBSERVER_AGE, OBSERVER_NAME } from './health.ts';
import type { ObservedBefore, TenantSql } from './tables.ts';

/** An intent with the operation that carries it out. */
export async function findIntent(
  db: TenantSql,
  { runtimeId, intentId }: { readonly runtimeId: string; readonly intentId: string },
) {
  return db
    .selectFrom('intents as i')
    .innerJoin('operations as o', 'o.id', 'i.operation_id')
    .select(['i.id', 'i.runtime_id', 'i.operation_id', 'i.request', 'i.plan', 'i.verdicts', 'i.created_at'])
    .select(['o.stage', 'o.outcome', 'o.steps', 'o.message', 'o.finished_at'])
    .where('i.id', '=', intentId)
    .where('i.runtime_id', '=', runtimeId)
    .executeTakeFirst();
}

export type IntentRow = NonNullable<Awaited<ReturnType<typeof findIntent>>> & {
  readonly stage: Stage;
  readonly outcome: Outcome | null;
  readonly steps: readonly OperationStep[];
};

/** What was observed when the operation's intent was planned, and what is observed now. */
export async function readBeforeAndNow(
  db: TenantSql,
  { operationId, maxAgeSeconds }: { readonly operationId: string; readonly maxAgeSeconds: number },
): Promise<{ readonly before: ObservedBefore | null; readonly now: ObservedBefore } | undefined> {
  const row = await db
    .selectFrom('intents as i')
    .leftJoin('runtime_health as h', 'h.runtime_id', 'i.runtime_id')
    .leftJoin('observer_heartbeats as b', join => join.on('b.name', '=', OBSERVER_NAME))
    .select(['i.before', 'h.status', 'h.signals', OBSERVER_AGE.as('age')])
    .where('i.operation_id', '=', operationId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const status = currentHealth({ status: row.status, ageSeconds: row.age, maxAgeSeconds });
  return { before: row.before, now: { status, signals: row.signals ?? {} } };
}
