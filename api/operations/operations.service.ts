import { type Changes, readUntil } from '../../db/changes.ts';
import type { Database } from '../../db/database.ts';
import { findOperation, listOperations } from '../../db/operations.ts';
import type { Operation, Stage } from '../../domain/operation.ts';
import type { Principal } from '../../domain/principal.ts';
import { cancelUpdate, resolveUpdate } from '../../workflows/messages.ts';
import type { Begun } from '../http/answer.ts';
import type { Claim } from '../http/idempotency.ts';
import { pageAnswer, pageRequest } from '../http/paging.ts';
import { notFound } from '../http/problem.ts';
import { requesterOf } from '../http/request.ts';
import type { OperationMessages } from './operation-messages.ts';
import type { CancelRequest, OperationListQuery, ResolveRequest } from './operations.schemas.ts';

interface OperationParts {
  readonly database: Database;
  readonly messages: OperationMessages;
  readonly changes: Changes;
  /** Where the Temporal Web UI shows a run. */
  readonly workflowUrl: (workflow: { workflowId: string; runId: string }) => string | null;
}

interface OperationCommand<Request> {
  readonly caller: Principal;
  readonly operationId: string;
  readonly request: Request;
  readonly key: string | undefined;
}

interface Waiting {
  readonly caller: Principal;
  readonly operationId: string;
  readonly seconds: number;
  /** The client left, or the process shuts down. */
  readonly signal: AbortSignal;
}

const WAITING_FOR_A_PERSON: ReadonlySet<Stage> = new Set(['awaiting_approval', 'needs_attention']);

/** Operations of the caller’s tenant, and the commands to those that run. */
export class OperationsService {
  readonly #parts: OperationParts;

  constructor(parts: OperationParts) {
    this.#parts = parts;
  }

  async read({ tenantId }: Principal, operationId: string): Promise<Operation> {
    const operation = await findOperation(this.#parts.database.forTenant(tenantId), operationId);
    if (!operation) throw notFound('operation', operationId);
    return this.#linked(operation);
  }

  /** The answer to a command that began an operation, or had begun it before. */
  async begun(
    caller: Principal,
    { ids, replayed }: Claim<{ readonly operationId: string }>,
  ): Promise<Begun<Operation>> {
    const { operationId } = ids;
    const body = await this.read(caller, operationId);
    return { body, location: `/v1/operations/${operationId}`, operationId, replayed };
  }

  /** Answers when the operation has finished or waits for a person, or with what there is when the time is up. */
  async await({ caller, operationId, seconds, signal }: Waiting): Promise<Operation> {
    return readUntil({
      changes: this.#parts.changes,
      subject: { tenant: caller.tenantId, operation: operationId },
      read: () => this.read(caller, operationId),
      wanted: ({ finished_at, stage }) => finished_at !== null || WAITING_FOR_A_PERSON.has(stage),
      timeoutMs: seconds * 1000,
      signal,
    });
  }

  async list({ tenantId }: Principal, query: OperationListQuery) {
    const filter = { status: query.status, runtimeId: query.runtime_id };
    const page = await listOperations(this.#parts.database.forTenant(tenantId), {
      filter,
      ...pageRequest(query),
    });
    return pageAnswer({ ...page, items: page.items.map(operation => this.#linked(operation)) });
  }

  async cancel({
    caller,
    operationId,
    request,
    key,
  }: OperationCommand<CancelRequest>): Promise<Begun<Operation>> {
    const route = `POST /v1/operations/${operationId}/cancel`;
    const input = { operationId, by: requesterOf(caller), ...(request.reason && { reason: request.reason }) };
    const { replayed } = await this.#parts.messages.send({
      caller,
      operationId,
      key,
      route,
      body: request,
      update: cancelUpdate,
      input,
    });
    return {
      body: await this.read(caller, operationId),
      location: `/v1/operations/${operationId}`,
      replayed,
    };
  }

  async resolve({
    caller,
    operationId,
    request,
    key,
  }: OperationCommand<ResolveRequest>): Promise<Begun<Operation>> {
    const route = `POST /v1/operations/${operationId}/resolve`;
    const { resolution, comment } = request;
    const input = { operationId, by: requesterOf(caller), resolution, ...(comment && { comment }) };
    const { replayed } = await this.#parts.messages.send({
      caller,
      operationId,
      key,
      route,
      body: request,
      update: resolveUpdate,
      input,
    });
    return {
      body: await this.read(caller, operationId),
      location: `/v1/operations/${operationId}`,
      replayed,
    };
  }

  #linked(operation: Operation): Operation {
    const { workflow_id: workflowId, run_id: runId } = operation.workflow;
    return {
      ...operation,
      workflow: { ...operation.workflow, url: this.#parts.workflowUrl({ workflowId, runId }) },
    };
  }
}
