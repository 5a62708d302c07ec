import type { Database } from '../../db/database.ts';
import { findIntent, type IntentRow } from '../../db/intents.ts';
import { newId } from '../../domain/ids.ts';
import type { IntentRecord, IntentRequest, IntentResponse } from '../../domain/planner.ts';
import { intentResult, intentStatus } from '../../domain/rules/intent.ts';
import type { Commands } from '../commands/commands.ts';
import type { Begun } from '../http/answer.ts';
import { notFound } from '../http/problem.ts';
import type { RuntimesService } from '../runtimes/runtimes.service.ts';
import { changeBeginning } from './change-beginning.ts';
import type { ChangeCall } from './change-call.ts';

interface IntentParts {
  readonly database: Database;
  readonly commands: Commands;
  readonly runtimes: RuntimesService;
}

/** Goals, and what is made of them. */
export class IntentsService {
  readonly #parts: IntentParts;

  constructor(parts: IntentParts) {
    this.#parts = parts;
  }

  /** Plans the goal and, unless it is a dry run, begins to carry the plan out. */
  async submit(call: ChangeCall, request: IntentRequest): Promise<Begun<IntentResponse>> {
    const { caller, runtimeId, key, ifVersions } = call;
    const { runtimes, commands } = this.#parts;
    const about = await runtimes.read(caller, runtimeId);
    const ids = { operationId: newId('operation'), intentId: newId('intent'), runtimeId };
    const route = `${runtimeId} intent`;
    const claimed = await commands.begin(
      { caller, project: about.project, key, route, body: request, ids },
      ids =>
        changeBeginning({
          caller,
          ids: { operationId: ids.operationId, runtimeId },
          about,
          kind: 'intent',
          orders: [],
          intent: { id: ids.intentId, request },
          ...(ifVersions && { ifVersions }),
        }),
    );
    const { operationId, intentId } = claimed.ids;
    const row = await this.#find(call, intentId);
    return {
      body: answerOf(row),
      location: `/v1/runtimes/${runtimeId}/intent/${intentId}`,
      operationId,
      replayed: claimed.replayed,
    };
  }

  async read(call: ChangeCall, intentId: string): Promise<IntentRecord> {
    return recordOf(await this.#find(call, intentId));
  }

  async #find({ caller, runtimeId }: ChangeCall, intentId: string): Promise<IntentRow> {
    const sql = this.#parts.database.forTenant(caller.tenantId);
    const row = await findIntent(sql, { runtimeId, intentId });
    if (!row) throw notFound('intent', intentId);
    return row;
  }
}

function answerOf(row: IntentRow): IntentResponse {
  const status = intentStatus(row.stage, row.outcome);
  return {
    intent_id: row.id,
    operation_id: row.operation_id,
    status: status === 'cancelled' ? 'failed' : status,
    planned_actions: row.plan.actions,
    plan: row.plan,
    verdicts: row.verdicts,
  };
}

function recordOf(row: IntentRow): IntentRecord {
  const { outcome, message, steps, plan } = row;
  return {
    intent_id: row.id,
    runtime_id: row.runtime_id,
    operation_id: row.operation_id,
    request: row.request,
    status: intentStatus(row.stage, outcome),
    outcome,
    plan,
    verdicts: row.verdicts,
    ...(outcome !== null && { result: intentResult({ outcome, message, steps, plan }) }),
    created_at: row.created_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
  };
}
