import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import type { Database } from '../../db/database.ts';
import { findOperation } from '../../db/operations.ts';
import type { Operation } from '../../domain/operation.ts';
import type { Principal } from '../../domain/principal.ts';
import { claim, messageId } from '../http/idempotency.ts';
import { notFound, ProblemError } from '../http/problem.ts';
import { requireInProject } from '../http/project-access.ts';
import { COMMAND_DEADLINE_MS } from '../http/temporal-problem.ts';

interface MessageParts {
  readonly database: Database;
  readonly temporal: Client;
}

/** One message to the workflow behind an operation. */
export interface OperationMessage<Answer, Input> {
  readonly caller: Principal;
  readonly operationId: string;
  readonly key: string | undefined;
  readonly route: string;
  readonly body: unknown;
  readonly update: UpdateDefinition<Answer, [Input]>;
  readonly input: Input;
}

/** What the workflow answered; nothing when a repeated message finds the operation finished. */
export interface Delivered<Answer> {
  readonly answer: Answer | undefined;
  readonly replayed: boolean;
}

/** Sends commands to running operations: to that run of the workflow and no other. */
export class OperationMessages {
  readonly #parts: MessageParts;

  constructor(parts: MessageParts) {
    this.#parts = parts;
  }

  /** Throws 404 for an operation the caller may not see, 403 for one it may only see, 409 for a finished one, and the workflow's refusal. */
  async send<Answer, Input>(message: OperationMessage<Answer, Input>): Promise<Delivered<Answer>> {
    const operation = await this.#find(message.caller, message.operationId);
    requireInProject(operation.project);
    const { replayed } = await claim(this.#parts.database, { ...message, ids: idsOf(operation) });
    if (operation.finished_at !== null) return alreadyFinished(operation, replayed);
    try {
      return { answer: await this.#deliver(operation, message), replayed };
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      return alreadyFinished(await this.#find(message.caller, message.operationId), replayed);
    }
  }

  #deliver<Answer, Input>(
    { workflow }: Operation,
    message: OperationMessage<Answer, Input>,
  ): Promise<Answer> {
    const { temporal } = this.#parts;
    const handle = temporal.workflow.getHandle(workflow.workflow_id, workflow.run_id);
    return temporal.withDeadline(Date.now() + COMMAND_DEADLINE_MS, () =>
      handle.executeUpdate<Answer, [Input]>(message.update, { args: [message.input], ...messageId(message) }),
    );
  }

  async #find({ tenantId }: Principal, operationId: string): Promise<Operation> {
    const operation = await findOperation(this.#parts.database.forTenant(tenantId), operationId);
    if (!operation) throw notFound('operation', operationId);
    return operation;
  }
}

function alreadyFinished(operation: Operation, replayed: boolean): Delivered<never> {
  if (replayed) return { answer: undefined, replayed };
  const { id, outcome } = operation;
  throw new ProblemError(
    'operation_finished',
    `Operation ${id} has finished${outcome ? ` (${outcome})` : ''}.`,
    {
      operation: { id, href: `/v1/operations/${id}` },
    },
  );
}

function idsOf({ id, deployment_id, runtime_id }: Operation) {
  return { operationId: id, deploymentId: deployment_id ?? '', runtimeId: runtime_id ?? '' };
}
