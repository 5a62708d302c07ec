import { diffObjects } from '../../clients/kubernetes/diff.ts';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Step, StepPlan } from '../../domain/change.ts';
import { AdapterFailure } from '../failure.ts';
import { type PlannedChange, planOf, removalOf } from '../step-plan.ts';
import { statusOf } from './conditions.ts';
import { KINDS } from './kinds.ts';
import { isOutdated, type Machine, machineOf, machineToApply } from './machine.ts';
import { machineObjects } from './manifests.ts';
import { migrationObject, refuseMigration } from './migration.ts';
import { refuseImpossible } from './refusals.ts';
import { everything } from './removal.ts';
import { restoreObject } from './restore.ts';
import type { Tools } from './settings.ts';
import { snapshotObject, snapshotToRestore } from './snapshots.ts';

type Changes = readonly PlannedChange[];

/** What a step would change, as the API server and KubeVirt's admission answer a dry run. */
export async function planStep(tools: Tools, step: Step): Promise<StepPlan> {
  if (step.change.verb === 'delete')
    return planOf((await everything(tools.kubernetes, step.target)).map(removalOf));
  const { instance } = await readToPlan(tools, step);
  const changes = await changesOf(tools, step, instance);
  return planOf(changes, { instanceUid: instance?.metadata.uid ?? '' });
}

/** Only what makes the machine be something can make it again when it is gone. */
function readToPlan({ kubernetes }: Tools, step: Step): Promise<Machine> {
  const isAboutIt = ['snapshot', 'restore', 'migrate', 'restart'].includes(step.change.verb);
  return isAboutIt ? machineOf(kubernetes, step) : machineToApply(kubernetes, step);
}

async function changesOf(tools: Tools, step: Step, instance: KubernetesObject | undefined): Promise<Changes> {
  const { kubernetes, settings } = tools;
  const { change } = step;
  switch (change.verb) {
    case 'snapshot':
      return tryOut(kubernetes, [snapshotObject(step, change.snapshot.id, settings)]);
    case 'restore': {
      const snapshot = await snapshotToRestore(tools, step, change);
      return tryOut(kubernetes, [restoreObject(step, snapshot.metadata.name)]);
    }
    case 'migrate':
      await refuseMigration(kubernetes, step);
      return tryOut(kubernetes, [migrationObject(step)]);
    case 'restart':
      refuseRestart(step);
      return instance ? [replacement(instance)] : [];
    default:
      return planMachine(tools, step, instance);
  }
}

async function planMachine(
  tools: Tools,
  step: Step,
  instance: KubernetesObject | undefined,
): Promise<Changes> {
  await refuseImpossible(tools.kubernetes, step, tools.settings);
  const { machine, instancetype, networkPolicy, revision } = machineObjects(step, tools.settings);
  const changes = await tryOut(tools.kubernetes, [networkPolicy, instancetype, machine]);
  const restarts = step.desired.power === 'running' && instance && isOutdated(instance, revision);
  return restarts ? [...changes, replacement(instance)] : changes;
}

/** Fields that KubeVirt or `virtctl` took over are ours again when we apply, so they are in the dry run. */
function tryOut(kubernetes: KubernetesClient, next: readonly KubernetesObject[]): Promise<Changes> {
  return diffObjects(kubernetes, { previous: [], next, fieldManager: 'runtimeai', force: true });
}

function replacement(instance: KubernetesObject): PlannedChange {
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
