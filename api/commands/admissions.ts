import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/client';
import { Counter, type Registry } from 'prom-client';
import type { ChangeRuntimeInput } from '../../domain/change-operation.ts';
import type { DeployRuntimeInput } from '../../domain/deployment.ts';
import type { Runtime } from '../../domain/runtime.ts';
import { runtimeWorkflowId, SEARCH_ATTRIBUTES, TASK_QUEUES } from '../../temporal/names.ts';
import type { changeRuntime } from '../../workflows/change-runtime.ts';
import type { deployRuntime } from '../../workflows/deploy-runtime.ts';
import { type Admitted, admitUpdate } from '../../workflows/messages.ts';
import { COMMAND_DEADLINE_MS } from '../http/temporal-problem.ts';

/** What the Web UI calls the runtime by, and searches for. */
export type RuntimeTitle = Pick<Runtime, 'name' | 'project' | 'environment'>;

/** One run of a workflow that is to begin, and how it is called where people look at it. */
export type Beginning = {
  readonly about: RuntimeTitle;
  /** What is done, e.g. `install agent:1.0.0`. */
  readonly what: string;
  /** Lines of the Web UI's details. */
  readonly details: readonly string[];
} & (
  | { readonly workflow: 'deployRuntime'; readonly input: DeployRuntimeInput }
  | { readonly workflow: 'changeRuntime'; readonly input: ChangeRuntimeInput }
);

/** Starts workflows. The workflow id is the runtime's lock, so the second of two at a time is not started. */
export class Admissions {
  readonly #temporal: Client;
  readonly #admitted: Counter<'kind'>;

  constructor({ temporal, registry }: { temporal: Client; registry: Registry }) {
    this.#temporal = temporal;
    this.#admitted = new Counter({
      name: 'runtimeai_admissions_total',
      help: 'Operations that were begun, by kind',
      labelNames: ['kind'] as const,
      registers: [registry],
    });
  }

  /** Begins it and answers once it is admitted; `busy` when another operation holds the runtime. */
  async begin(beginning: Beginning, { replayed }: { replayed: boolean }): Promise<Admitted | 'busy'> {
    const deadline = Date.now() + COMMAND_DEADLINE_MS;
    const admitted = await this.#temporal.withDeadline(deadline, () => this.#start(beginning, replayed));
    if (admitted !== 'busy') this.#admitted.inc({ kind: kindOf(beginning) });
    return admitted;
  }

  async #start(beginning: Beginning, replayed: boolean): Promise<Admitted | 'busy'> {
    const { operationId, runtimeId } = beginning.input;
    try {
      return await this.#temporal.workflow.executeUpdateWithStart(admitUpdate, {
        args: [{ operationId }],
        updateId: operationId,
        startWorkflowOperation: new WithStartWorkflowOperation<typeof deployRuntime | typeof changeRuntime>(
          beginning.workflow,
          startOptions(beginning),
        ),
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      return replayed ? this.#join({ operationId, runtimeId }) : 'busy';
    }
  }

  /** A repeated request finds its own first try still running: it waits for that one's answer. */
  async #join({
    runtimeId,
    operationId,
  }: {
    runtimeId: string;
    operationId: string;
  }): Promise<Admitted | 'busy'> {
    const handle = this.#temporal.workflow.getHandle(runtimeWorkflowId(runtimeId));
    const { typedSearchAttributes, runId } = await handle.describe();
    if (typedSearchAttributes.get(SEARCH_ATTRIBUTES.operation) !== operationId) return 'busy';
    return this.#temporal.workflow
      .getHandle(runtimeWorkflowId(runtimeId), runId)
      .executeUpdate(admitUpdate, { args: [{ operationId }], updateId: operationId });
  }
}

function kindOf(beginning: Beginning): string {
  if (beginning.workflow === 'changeRuntime') return beginning.input.kind;
  return beginning.input.create ? 'install' : 'upgrade';
}

function startOptions({ input, about, what, details }: Beginning) {
  const { tenantId, runtimeId, operationId, requester } = input;
  const { name, project, environment } = about;
  return {
    workflowId: runtimeWorkflowId(runtimeId),
    taskQueue: TASK_QUEUES.control,
    args: [input] as [never],
    workflowIdConflictPolicy: 'FAIL' as const,
    typedSearchAttributes: [
      { key: SEARCH_ATTRIBUTES.tenant, value: tenantId },
      { key: SEARCH_ATTRIBUTES.runtime, value: runtimeId },
      { key: SEARCH_ATTRIBUTES.operation, value: operationId },
      { key: SEARCH_ATTRIBUTES.environment, value: environment },
    ],
    staticSummary: `${name}: ${what} (${environment}, ${tenantId}/${project})`.slice(0, 200),
    staticDetails: [`asked for by ${requester.name}`, `operation ${operationId}`, ...details].join('\n\n'),
  };
}
