import { setTimeout as delay } from 'node:timers/promises';
import {
  WithStartWorkflowOperation,
  type WorkflowClient,
  type WorkflowHandle,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { ChangeRuntimeInput } from '../../domain/change-operation.ts';
import type { DeployRuntimeInput } from '../../domain/deployment.ts';
import type { Stage } from '../../domain/operation.ts';
import { runtimeWorkflowId, TASK_QUEUES } from '../../temporal/names.ts';
import type { changeRuntime } from '../../workflows/change-runtime.ts';
import type { DeployResult, deployRuntime } from '../../workflows/deploy-runtime.ts';
import {
  type Admitted,
  admitUpdate,
  type CancelInput,
  cancelUpdate,
  type DecideInput,
  type DeployState,
  decideUpdate,
  REFUSED,
  type ResolveInput,
  resolveUpdate,
  stateQuery,
  type WithdrawInput,
  withdrawUpdate,
} from '../../workflows/messages.ts';
import type { FakeActivities } from '../fakes/activities.ts';
import { approver, operator } from './deploy-input.ts';

const PATIENCE_MS = 20_000;
const GLANCE_MS = 10;

/** One deploy or change as its caller, its approvers and its operators see it, and the world it happens in. */
export class Deploy<I extends DeployRuntimeInput | ChangeRuntimeInput = DeployRuntimeInput> {
  readonly input: I;
  readonly world: FakeActivities;
  /** The test it belongs to. */
  readonly name: string;
  private readonly client: WorkflowClient;

  constructor(parts: {
    client: WorkflowClient;
    input: I;
    world: FakeActivities;
    name: string;
  }) {
    this.client = parts.client;
    this.input = parts.input;
    this.world = parts.world;
    this.name = parts.name;
  }

  /**
   * Sends the command as the API does, and comes back with the answer of admission. While a record is being retried,
   * messages reach the workflow only after 80 % of `workflowTaskTimeout`.
   */
  start({ workflowTaskTimeout = '10s' }: { workflowTaskTimeout?: '10s' | '2s' } = {}): Promise<Admitted> {
    const startWorkflowOperation = new WithStartWorkflowOperation<
      typeof deployRuntime | typeof changeRuntime
    >('orders' in this.input ? 'changeRuntime' : 'deployRuntime', {
      workflowId: runtimeWorkflowId(this.input.runtimeId),
      taskQueue: TASK_QUEUES.control,
      args: [this.input] as [never],
      workflowIdConflictPolicy: 'FAIL',
      workflowTaskTimeout,
    });
    const { operationId } = this.input;
    return this.client.executeUpdateWithStart(admitUpdate, {
      startWorkflowOperation,
      args: [{ operationId }],
    });
  }

  handle(): WorkflowHandle<typeof deployRuntime> {
    return this.client.getHandle<typeof deployRuntime>(runtimeWorkflowId(this.input.runtimeId));
  }

  /** Waits for the end; on a time-skipping server no timer is waited out. */
  result(): Promise<DeployResult> {
    return this.handle().result();
  }

  state(): Promise<DeployState> {
    return this.handle().query(stateQuery);
  }

  /** Waits until the workflow is in this stage. */
  async until(stage: Stage): Promise<DeployState> {
    let state: DeployState | undefined;
    await patiently(
      async () => {
        state = await this.state();
        return state.stage === stage;
      },
      () => `${stage}; it is ${state?.stage} (${state?.outcome ?? 'no outcome'})`,
    );
    return this.state();
  }

  /** Waits until an activity has been called this often. */
  untilCalled(activity: Parameters<FakeActivities['inputsOf']>[0], times = 1): Promise<void> {
    const calls = () => this.world.inputsOf(activity).length;
    return patiently(
      async () => calls() >= times,
      () => `${times} calls of ${activity}; there were ${calls()}`,
    );
  }

  decide(changes: Partial<DecideInput> & { approvalId: string }): Promise<{ status: string }> {
    const args: [DecideInput] = [{ by: approver, decision: 'approve', ...changes }];
    return this.handle().executeUpdate(decideUpdate, { args });
  }

  withdraw(changes: Partial<WithdrawInput> & { approvalId: string }): Promise<{ status: string }> {
    const args: [WithdrawInput] = [{ by: approver, ...changes }];
    return this.handle().executeUpdate(withdrawUpdate, { args });
  }

  cancel(changes: Partial<CancelInput> = {}): Promise<{ stage: Stage }> {
    const args: [CancelInput] = [{ operationId: this.input.operationId, by: operator, ...changes }];
    return this.handle().executeUpdate(cancelUpdate, { args });
  }

  resolve(
    resolution: ResolveInput['resolution'],
    changes: Partial<ResolveInput> = {},
  ): Promise<{ stage: Stage }> {
    const args: [ResolveInput] = [
      { operationId: this.input.operationId, by: operator, resolution, ...changes },
    ];
    return this.handle().executeUpdate(resolveUpdate, { args });
  }
}

/** Code and words a message was refused with; anything but a refusal is a failed test. */
export async function refusalOf(message: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    const answer = await message;
    throw new Error(`expected a refusal, got the answer ${JSON.stringify(answer)}`);
  } catch (error) {
    const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
    if (!(cause instanceof ApplicationFailure) || cause.type !== REFUSED) throw error;
    return cause.details?.[0] as { code: string; message: string };
  }
}

async function patiently(reached: () => Promise<boolean>, missing: () => string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await reached())) {
    if (performance.now() > deadline) throw new Error(`waited ${PATIENCE_MS} ms for ${missing()}`);
    await delay(GLANCE_MS);
  }
}
