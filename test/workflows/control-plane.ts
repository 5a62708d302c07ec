import type { WorkflowHandle } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import type { ChangeAdmission, ChangeRuntimeInput } from '../../domain/change-operation.ts';
import type { Admission, DeployRuntimeInput } from '../../domain/deployment.ts';
import { TASK_QUEUES } from '../../temporal/names.ts';
import { ACTIVITIES_BY_QUEUE, type ActivityName, FakeActivities, type Input } from '../fakes/activities.ts';
import { changeInput } from './change-input.ts';
import { Deploy } from './deploy.ts';
import { deployInput } from './deploy-input.ts';

type Queue = keyof typeof TASK_QUEUES;

export interface ControlPlaneOptions {
  readonly env: TestWorkflowEnvironment;
  /** The bundle's code or the path of a file that holds it. */
  readonly workflowBundle: NonNullable<WorkerOptions['workflowBundle']>;
}

/** The workers of all three processes on one server; behind the activities each deploy has its own fake world. */
export class ControlPlane {
  private readonly worlds = new Map<string, FakeActivities>();
  private readonly deploys: Deploy<DeployRuntimeInput | ChangeRuntimeInput>[] = [];
  private readonly ended: Deploy<DeployRuntimeInput | ChangeRuntimeInput>[] = [];
  private workers: Worker[] = [];
  private running: Promise<void>[] = [];
  readonly env: TestWorkflowEnvironment;

  private readonly workflowBundle: ControlPlaneOptions['workflowBundle'];

  private constructor({ env, workflowBundle }: ControlPlaneOptions) {
    this.env = env;
    this.workflowBundle = workflowBundle;
  }

  static async start(options: ControlPlaneOptions): Promise<ControlPlane> {
    const { env, workflowBundle } = options;
    const plane = new ControlPlane(options);
    const queues = Object.keys(TASK_QUEUES) as Queue[];
    plane.workers = await Promise.all(
      queues.map(queue =>
        Worker.create({
          connection: env.nativeConnection,
          namespace: env.namespace ?? 'default',
          taskQueue: TASK_QUEUES[queue],
          identity: `test-${queue}`,
          activities: plane.activitiesOf(queue),
          maxHeartbeatThrottleInterval: '50ms',
          ...(queue === 'control' && { workflowBundle }),
        }),
      ),
    );
    plane.running = plane.workers.map(worker => worker.run());
    return plane;
  }

  /** A deploy that has not begun yet; tell its world how to behave, then start it. */
  prepare(admission: Admission, changes: Partial<DeployRuntimeInput> = {}, name = 'a deploy'): Deploy {
    const input = deployInput(changes);
    const world = new FakeActivities(ownTarget(admission, input.runtimeId));
    this.worlds.set(input.runtimeId, world);
    const deploy = new Deploy({ client: this.env.client.workflow, input, world, name });
    this.deploys.push(deploy);
    return deploy;
  }

  /** The same for a change. */
  prepareChange(
    admission: ChangeAdmission,
    changes: Partial<ChangeRuntimeInput> = {},
    name = 'a change',
  ): Deploy<ChangeRuntimeInput> {
    const input = changeInput(changes);
    const world = new FakeActivities(ownTarget(admission, input.runtimeId));
    this.worlds.set(input.runtimeId, world);
    const change = new Deploy({ client: this.env.client.workflow, input, world, name });
    this.deploys.push(change);
    return change;
  }

  /** Lets this much of the server's time pass at once; timers and retries that fall into it come due. */
  skip(duration: `${number} s`): Promise<void> {
    return this.env.sleep(duration);
  }

  /** Ends what is still open, so that its activities do not stop the clock for the next. */
  async endAll(): Promise<void> {
    for (const deploy of this.deploys) await terminateIfOpen(deploy.handle());
    this.ended.push(...this.deploys.splice(0));
  }

  /** Replays all that ran here, as another worker would after this one has died; names those that do not replay. */
  async replayAll(): Promise<void> {
    const broken: string[] = [];
    const options = { workflowBundle: this.workflowBundle };
    for await (const { workflowId, error } of Worker.runReplayHistories(options, this.histories())) {
      if (error)
        broken.push(`${this.ended.find(each => each.handle().workflowId === workflowId)?.name}: ${error}`);
    }
    if (broken.length > 0) throw new Error(`these runs do not replay:\n${broken.join('\n')}`);
  }

  async stop(): Promise<void> {
    for (const worker of this.workers) worker.shutdown();
    await Promise.all(this.running);
    await this.env.teardown();
  }

  private async *histories(): AsyncGenerator<{ workflowId: string; history: History }> {
    for (const deploy of this.ended) {
      const handle = deploy.handle();
      yield { workflowId: handle.workflowId, history: await handle.fetchHistory() };
    }
  }

  private activitiesOf(queue: Queue): object {
    const entries = ACTIVITIES_BY_QUEUE[queue].map(activity => [activity, this.dispatch(activity)] as const);
    return Object.fromEntries(entries);
  }

  private dispatch<N extends ActivityName>(activity: N): (input: Input<N>) => Promise<unknown> {
    return async input => {
      const runtimeId = runtimeOf(input);
      const world = this.worlds.get(runtimeId);
      if (!world) throw new Error(`${activity} was called for ${runtimeId}, which no test has prepared`);
      return world.perform(activity, input);
    };
  }
}

function runtimeOf(input: Input<ActivityName>): string {
  if ('runtimeId' in input) return input.runtimeId;
  return 'step' in input ? input.step.target.runtimeId : input.target.runtimeId;
}

function ownTarget<A extends Admission | ChangeAdmission>(admission: A, runtimeId: string): A {
  return admission.admitted ? { ...admission, target: { ...admission.target, runtimeId } } : admission;
}

async function terminateIfOpen(handle: WorkflowHandle): Promise<void> {
  const { status } = await handle.describe();
  if (status.name === 'RUNNING') await handle.terminate('the test is over');
}
