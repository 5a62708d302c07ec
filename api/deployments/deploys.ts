import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../db/database.ts';
import type { ReservedIds } from '../../db/idempotency.ts';
import { findOperation, listOperations } from '../../db/operations.ts';
import type { AgentConfig } from '../../domain/agent-config.ts';
import { type DeployRuntimeInput, Verification } from '../../domain/deployment.ts';
import type { Operation } from '../../domain/operation.ts';
import type { Principal } from '../../domain/principal.ts';
import { type Claim, type Command, claim } from '../http/idempotency.ts';
import { ProblemError } from '../http/problem.ts';
import { requesterOf } from '../http/request.ts';
import type { Admissions, RuntimeTitle } from './admissions.ts';

interface DeployParts {
  readonly database: Database;
  readonly admissions: Admissions;
}

/** Begins a deploy once for each request, however often that request is sent. */
export class Deploys {
  readonly #parts: DeployParts;

  constructor(parts: DeployParts) {
    this.#parts = parts;
  }

  /** Answers when the deploy is admitted; throws the refusal, or `runtime_busy` with a link to what runs. */
  async begin(
    command: Command,
    { about, inputOf }: { about: RuntimeTitle; inputOf: (ids: ReservedIds) => DeployRuntimeInput },
  ): Promise<Claim> {
    const { database } = this.#parts;
    const claimed = await claim(database, command);
    const { ids, replayed } = claimed;
    const sql = database.forTenant(command.caller.tenantId);
    if (replayed && (await findOperation(sql, ids.operationId))) return claimed;
    await this.#start(inputOf(ids), { about, replayed });
    return claimed;
  }

  /**
   * An operation is recorded as finished a moment before its workflow lets the lock go, and as begun a moment after
   * it took it. While the records know of nothing that runs, starting is tried again for a second or two.
   */
  async #start(
    input: DeployRuntimeInput,
    options: { about: RuntimeTitle; replayed: boolean },
  ): Promise<void> {
    for (const pauseMs of [25, 50, 100, 200, 400, 800, 0]) {
      if ((await this.#parts.admissions.begin(input, options)) !== 'busy') return;
      const running = await this.#running(input);
      if (running || pauseMs === 0) throw busy(input.runtimeId, running);
      await delay(pauseMs);
    }
  }

  async #running({ tenantId, runtimeId }: DeployRuntimeInput): Promise<Operation | undefined> {
    const newest = { filter: { runtimeId }, pageSize: 1 };
    const { items } = await listOperations(this.#parts.database.forTenant(tenantId), newest);
    return items[0]?.finished_at === null ? items[0] : undefined;
  }
}

function busy(runtimeId: string, running: Operation | undefined): ProblemError {
  const what = running ? `Operation ${running.id} runs` : 'Another operation has just begun';
  const operation = running && { id: running.id, href: `/v1/operations/${running.id}` };
  return new ProblemError(
    'runtime_busy',
    `${what} on ${runtimeId}. Wait for it, or cancel it.`,
    operation && { operation },
  );
}

/** What every deploy request says, in the workflow's words. */
export function deployInput(
  { caller, ids }: { caller: Principal; ids: ReservedIds },
  request: {
    agent: AgentConfig;
    verification?: Verification | undefined;
    keep_failed: boolean;
    lift_hold?: boolean;
    comment?: string | undefined;
  },
): DeployRuntimeInput {
  return {
    ...ids,
    tenantId: caller.tenantId,
    requester: requesterOf(caller),
    agent: request.agent,
    verification: request.verification ?? Verification.parse({}),
    keepFailed: request.keep_failed,
    liftHold: request.lift_hold ?? false,
    ...(request.comment !== undefined && { comment: request.comment }),
  };
}
