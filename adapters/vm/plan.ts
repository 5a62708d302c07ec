import { diffObjects, summarize } from '../../clients/kubernetes/diff.ts';
import { wholeObject } from '../../clients/kubernetes/diff-text.ts';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Step, StepPlan } from '../../domain/change.ts';
import { AdapterFailure } from '../failure.ts';
import { statusOf } from './conditions.ts';
import { KINDS } from './kinds.ts';
import { type Machine, machineOf, machineToApply } from './machine.ts';
import { machineObjects } from './manifests.ts';
import { migrationObject, refuseMigration } from './migration.ts';
import { type Cluster, isOutdated } from './power.ts';
import { refuseImpossible } from './refusals.ts';
import { everything } from './removal.ts';
import { restoreObject } from './restore.ts';
import { snapshotObject, snapshotToRestore } from './snapshots.ts';

type Changes = StepPlan['changes'];

/** What a step would change, as the API server and KubeVirt's admission answer a dry run. */
export async function planStep(cluster: Cluster, step: Step): Promise<StepPlan> {
  if (step.change.verb === 'delete') return planRemoval(cluster, step);
  const { instance } = await readToPlan(cluster, step);
  const changes = await changesOf(cluster, step, instance);
  return { summary: summarize(changes), changes, base: { instanceUid: instance?.metadata.uid ?? '' } };
}

/** Only what makes the machine be something can make it again when it is gone. */
function readToPlan({ kubernetes }: Cluster, step: Step): Promise<Machine> {
  const isAboutIt = ['snapshot', 'restore', 'migrate', 'restart'].includes(step.change.verb);
  return isAboutIt ? machineOf(kubernetes, step) : machineToApply(kubernetes, step);
}

async function changesOf(
  cluster: Cluster,
  step: Step,
  instance: KubernetesObject | undefined,
): Promise<Changes> {
  const { kubernetes, settings } = cluster;
  const { change } = step;
  switch (change.verb) {
    case 'snapshot':
      return tryOut(kubernetes, [snapshotObject(step, change.snapshot.id, settings)]);
    case 'restore': {
      const snapshot = await snapshotToRestore(cluster, step, change);
      return tryOut(kubernetes, [restoreObject(step, snapshot.metadata.name)]);
    }
    case 'migrate':
      await refuseMigration(kubernetes, step);
      return tryOut(kubernetes, [migrationObject(step)]);
    case 'restart':
      refuseRestart(step);
      return instance ? [replacement(instance)] : [];
    default:
      return planMachine(cluster, step, instance);
  }
}

async function planMachine(
  cluster: Cluster,
  step: Step,
  instance: KubernetesObject | undefined,
): Promise<Changes> {
  await refuseImpossible(cluster.kubernetes, step, cluster.settings);
  const { machine, instancetype, networkPolicy, revision } = machineObjects(step, cluster.settings);
  const changes = await tryOut(cluster.kubernetes, [networkPolicy, instancetype, machine]);
  const restarts = step.desired.power === 'running' && instance && isOutdated(instance, revision);
  return restarts ? [...changes, replacement(instance)] : changes;
}

/** Fields that KubeVirt or `virtctl` took over are ours again when we apply, so they are in the dry run. */
async function tryOut(kubernetes: KubernetesClient, next: readonly KubernetesObject[]): Promise<Changes> {
  const forcing: KubernetesClient = {
    ...kubernetes,
    apply: (object, options = {}) => kubernetes.apply(object, { ...options, force: true }),
  };
  return [...(await diffObjects(forcing, { previous: [], next, fieldManager: 'runtimeai' }))];
}

function replacement(instance: KubernetesObject): Changes[number] {
  const node = String(statusOf(instance)['nodeName'] ?? '');
  return {
    kind: KINDS.instance.kind,
    name: instance.metadata.name,
    change: 'update',
    diff: `The machine restarts: the instance on ${node || 'its node'} ends and another begins.`,
  };
}

function refuseRestart({ desired }: Step): void {
  if (desired.power === 'running') return;
  throw new AdapterFailure('wrong_state', 'The machine is stopped, so there is nothing to restart.', {
    nextStep: 'Start it.',
  });
}

async function planRemoval({ kubernetes }: Cluster, { target }: Step): Promise<StepPlan> {
  const left = await everything(kubernetes, target);
  const changes = left.map(object => ({
    kind: object.kind,
    name: object.metadata.name,
    change: 'remove' as const,
    diff: wholeObject('-', object),
  }));
  return { summary: summarize(changes), changes, base: {} };
}
