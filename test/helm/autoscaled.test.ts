import { afterAll, beforeAll, expect, it } from 'vitest';
import { createReleaseActivities, type ReleaseActivities, type ReleaseInput } from '../../activities/helm.ts';
import { withReplicas } from '../../adapters/agent-runtime/replicas.ts';
import { refuseUnplaceable } from '../../adapters/placement.ts';
import { diffObjects } from '../../clients/kubernetes/diff.ts';
import { fieldsOf } from '../../clients/kubernetes/objects.ts';
import { ask } from '../../clients/kubernetes/requests.ts';
import {
  AGENT_CHART,
  attempt,
  createWorld,
  deploy,
  deployOf,
  GOVERNANCE,
  nextDeploy,
  type World,
} from './world.ts';

const SCALING = {
  min_replicas: 2,
  max_replicas: 5,
  target_cpu_utilization: 70,
  target_memory_utilization: 80,
};

let world: World;
let activities: ReleaseActivities;

beforeAll(async () => {
  world = await createWorld();
  const { kubernetes, helm, storage } = world;
  activities = createReleaseActivities({
    helm,
    storage,
    slots: { ensureSlot: async () => undefined },
    diff: input => diffObjects(kubernetes, input),
    chart: AGENT_CHART,
    governance: GOVERNANCE,
    ground: {
      refuseImpossible: agent => refuseUnplaceable(kubernetes, agent, {}),
      withReplicas: (about, change) => withReplicas(kubernetes, about, change),
    },
    storePlan: async () => undefined,
    log: { info: () => undefined, warn: () => undefined },
  });
});

afterAll(() => world.close());

it('a deploy with a fixed number goes over the number an autoscaler has set', async () => {
  const first = deployOf(world, { replicas: 3 });
  await deploy(activities, first);
  const second = nextDeploy(first, { replicas: 3, auto_scaling: SCALING });
  await deploy(activities, second, 1);
  expect(await replicasOf(first)).toBe(3);
  await autoscalerSets(first, 5);

  const third = nextDeploy(first, { replicas: 2 });
  const { release } = await deploy(activities, third, 2);
  expect(release).toMatchObject({ revision: 3, status: 'deployed' });
  expect(await replicasOf(first)).toBe(2);
});

it('a rollback to a fixed number goes over the number an autoscaler has set', async () => {
  const first = deployOf(world, { replicas: 3 });
  await deploy(activities, first);
  const second = nextDeploy(first, { replicas: 3, auto_scaling: SCALING });
  await deploy(activities, second, 1);
  await autoscalerSets(first, 5);

  const { target, operationId } = second;
  const back = await attempt(() =>
    activities.rollbackRelease({ target, operationId, toRevision: 1, aboveRevision: 2 }),
  );
  expect(back).toMatchObject({ revision: 3, status: 'deployed' });
  expect(await replicasOf(first)).toBe(3);
});

it('refuses in the plan what no node and no setting has', async () => {
  const asked = [{ gpu: '1xA10' }, { isolation: 'strong' as const }, { compliance: ['pci'] }];
  const codes = await Promise.all(
    asked.map(agent => deploy(activities, deployOf(world, agent)).catch((error: unknown) => error)),
  );
  expect(codes).toMatchObject([
    { type: 'gpu_unavailable', nonRetryable: true },
    { type: 'isolation_unavailable', nonRetryable: true },
    { type: 'compliance_unavailable', nonRetryable: true },
  ]);
});

/** Sets the number as the autoscaler's controller does, through the scale subresource. */
async function autoscalerSets({ target }: ReleaseInput, replicas: number): Promise<void> {
  await ask(world.kubernetes.connection, 'Scaling', {
    method: 'PATCH',
    path: `/apis/apps/v1/namespaces/${target.namespace}/deployments/${target.release}/scale`,
    query: { fieldManager: 'kube-controller-manager' },
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ spec: { replicas } }),
  });
}

async function replicasOf({ target }: ReleaseInput): Promise<unknown> {
  const { namespace, release: name } = target;
  const live = await world.kubernetes.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name });
  return fieldsOf(live?.['spec'])['replicas'];
}
