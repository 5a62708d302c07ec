import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import type { Admission, DeployRuntimeInput } from '../../domain/deployment.ts';
import { TASK_QUEUES } from '../../temporal/names.ts';
import { ACTIVITIES_BY_QUEUE, type ActivityName, FakeActivities, type Input } from '../fakes/activities.ts';
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
  private readonly deploys: Deploy[] = [];
  private workers: Worker[] = [];
  private running: Promise<void>[] = [];
  readonly env: TestWorkflowEnvironment;

  private constructor(env: TestWorkflowEnvironment) {
    this.env = env;
  }

  static async start({ env, workflowBundle }: ControlPlaneOptions): Promise<ControlPlane> {
    const plane = new ControlPlane(env);
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
  prepare(admission: Admission, changes: Partial<DeployRuntimeInput> = {}): Deploy {
    const input = deployInput(changes);
    const world = new FakeActivities(ownTarget(admission, input.runtimeId));
    this.worlds.set(input.runtimeId, world);
    const deploy = new Deploy(this.env.client.workflow, input, world);
    this.deploys.push(deploy);
    return deploy;
  }

  /** Lets this much of the server's time pass at once; timers and retries that fall into it come due. */
  skip(duration: `${number} s`): Promise<void> {
    return this.env.sleep(duration);
  }

  /** Ends what a failed test has left open, so that workers can stop. */
  async stop(): Promise<void> {
    await Promise.all(this.deploys.map(deploy => endedOrTerminated(deploy.handle())));
    for (const worker of this.workers) worker.shutdown();
    await Promise.all(this.running);
    await this.env.teardown();
  }

  private activitiesOf(queue: Queue): object {
    const entries = ACTIVITIES_BY_QUEUE[queue].map(activity => [activity, this.dispatch(activity)] as const);
    return Object.fromEntries(entries);
  }

  private dispatch<N extends ActivityName>(activity: N): (input: Input<N>) => Promise<unknown> {
    return async input => {
      const runtimeId = 'runtimeId' in input ? input.runtimeId : input.target.runtimeId;
      const world = this.worlds.get(runtimeId);
      if (!world) throw new Error(`${activity} was called for ${runtimeId}, which no test has prepared`);
      return world.perform(activity, input);
    };
  }
}

function ownTarget(admission: Admission, runtimeId: string): Admission {
  return admission.admitted ? { ...admission, target: { ...admission.target, runtimeId } } : admission;
}

async function endedOrTerminated(handle: WorkflowHandle): Promise<void> {
  const description = await handle.describe().catch(() => undefined);
  if (description?.status.name === 'RUNNING') await handle.terminate('the test is over');
}
