import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../db/database.ts';
import type { ReservedIds } from '../../db/idempotency.ts';
import { findOperation, listOperations } from '../../db/operations.ts';
import type { Operation } from '../../domain/operation.ts';
import { type Claim, type Command, claim } from '../http/idempotency.ts';
import { ProblemError } from '../http/problem.ts';
import { requireInProject } from '../http/project-access.ts';
import type { Admissions, Beginning } from './admissions.ts';

interface CommandParts {
  readonly database: Database;
  readonly admissions: Admissions;
}

/** Begins an operation once for each request, however often that request is sent. */
export class Commands {
  readonly #parts: CommandParts;

  constructor(parts: CommandParts) {
    this.#parts = parts;
  }

  /** Answers when it is admitted; throws 403 when the caller may not in this project, the refusal, or `runtime_busy` with a link to what runs. */
  async begin<Ids extends ReservedIds & { readonly operationId: string }>(
    command: Command<Ids> & { readonly project: string },
    beginningOf: (ids: Ids) => Beginning,
  ): Promise<Claim<Ids>> {
    requireInProject(command.project);
    const { database } = this.#parts;
    const claimed = await claim(database, command);
    const { ids, replayed } = claimed;
    const sql = database.forTenant(command.caller.tenantId);
    if (replayed && (await findOperation(sql, ids.operationId))) return claimed;
    await this.#start(beginningOf(ids), { replayed });
    return claimed;
  }

  /**
   * An operation is recorded as finished a moment before its workflow lets the lock go, and as begun a moment after
   * it took it. While the records know of nothing that runs, starting is tried again for a second or two.
   */
  async #start(beginning: Beginning, options: { replayed: boolean }): Promise<void> {
    const { tenantId, runtimeId } = beginning.input;
    for (const pauseMs of [25, 50, 100, 200, 400, 800, 0]) {
      if ((await this.#parts.admissions.begin(beginning, options)) !== 'busy') return;
      const running = await this.#running({ tenantId, runtimeId });
      if (running || pauseMs === 0) throw busy(runtimeId, running);
      await delay(pauseMs);
    }
  }

  async #running({
    tenantId,
    runtimeId,
  }: {
    tenantId: string;
    runtimeId: string;
  }): Promise<Operation | undefined> {
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
