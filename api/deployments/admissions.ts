import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/client';
import { Counter, type Registry } from 'prom-client';
import type { DeployRuntimeInput } from '../../domain/deployment.ts';
import type { Runtime } from '../../domain/runtime.ts';
import { runtimeWorkflowId, SEARCH_ATTRIBUTES, TASK_QUEUES } from '../../temporal/names.ts';
import type { deployRuntime } from '../../workflows/deploy-runtime.ts';
import { type Admitted, admitUpdate } from '../../workflows/messages.ts';
import { COMMAND_DEADLINE_MS } from '../http/temporal-problem.ts';

/** What the Web UI calls the runtime by, and searches for. */
export type RuntimeTitle = Pick<Runtime, 'name' | 'project' | 'environment'>;

interface BeginOptions {
  readonly about: RuntimeTitle;
  readonly replayed: boolean;
}

/** Starts deploys. The workflow id is the runtime's lock, so the second of two at a time is not started. */
export class Admissions {
  readonly #temporal: Client;
  readonly #admitted: Counter<'kind'>;

  constructor({ temporal, registry }: { temporal: Client; registry: Registry }) {
    this.#temporal = temporal;
    this.#admitted = new Counter({
      name: 'runtimeai_admissions_total',
      help: 'Deploys that were begun, by kind',
      labelNames: ['kind'] as const,
      registers: [registry],
    });
  }

  /** Begins the deploy and answers once it is admitted; `busy` when another operation holds the runtime. */
  async begin(input: DeployRuntimeInput, options: BeginOptions): Promise<Admitted | 'busy'> {
    const deadline = Date.now() + COMMAND_DEADLINE_MS;
    const admitted = await this.#temporal.withDeadline(deadline, () => this.#start(input, options));
    if (admitted !== 'busy') this.#admitted.inc({ kind: input.create ? 'install' : 'upgrade' });
    return admitted;
  }

  async #start(input: DeployRuntimeInput, { about, replayed }: BeginOptions): Promise<Admitted | 'busy'> {
    const { operationId } = input;
    try {
      return await this.#temporal.workflow.executeUpdateWithStart(admitUpdate, {
        args: [{ operationId }],
        updateId: operationId,
        startWorkflowOperation: new WithStartWorkflowOperation<typeof deployRuntime>(
          'deployRuntime',
          startOptions(input, about),
        ),
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      return replayed ? this.#join(input) : 'busy';
    }
  }

  /** A repeated request finds its own first try still running: it waits for that one's answer. */
  async #join({ runtimeId, operationId }: DeployRuntimeInput): Promise<Admitted | 'busy'> {
    const handle = this.#temporal.workflow.getHandle(runtimeWorkflowId(runtimeId));
    const { typedSearchAttributes, runId } = await handle.describe();
    if (typedSearchAttributes.get(SEARCH_ATTRIBUTES.operation) !== operationId) return 'busy';
    return this.#temporal.workflow
      .getHandle(runtimeWorkflowId(runtimeId), runId)
      .executeUpdate(admitUpdate, { args: [{ operationId }], updateId: operationId });
  }
}

function startOptions(input: DeployRuntimeInput, { name, project, environment }: RuntimeTitle) {
  const { tenantId, runtimeId, operationId, create, agent } = input;
  const image = agent.image.slice(agent.image.lastIndexOf('/') + 1);
  return {
    workflowId: runtimeWorkflowId(runtimeId),
    taskQueue: TASK_QUEUES.control,
    args: [input] as [DeployRuntimeInput],
    workflowIdConflictPolicy: 'FAIL' as const,
    typedSearchAttributes: [
      { key: SEARCH_ATTRIBUTES.tenant, value: tenantId },
      { key: SEARCH_ATTRIBUTES.runtime, value: runtimeId },
      { key: SEARCH_ATTRIBUTES.operation, value: operationId },
      { key: SEARCH_ATTRIBUTES.environment, value: environment },
    ],
    staticSummary:
      `${name}: ${create ? 'install' : 'deploy'} ${image} (${environment}, ${tenantId}/${project})`.slice(
        0,
        200,
      ),
    staticDetails: detailsOf(input),
  };
}

function detailsOf({ agent, requester, operationId, deploymentId, comment }: DeployRuntimeInput): string {
  return [
    `image ${agent.image}, ${agent.replicas} replicas`,
    `asked for by ${requester.name}`,
    `operation ${operationId}, deployment ${deploymentId}`,
    ...(comment ? [comment] : []),
  ].join('\n\n');
}
