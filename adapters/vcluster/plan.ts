import { diffObjects } from '../../clients/kubernetes/diff.ts';
import { fieldsOf, type KubernetesObject, numberOf } from '../../clients/kubernetes/objects.ts';
import type { Step, StepPlan } from '../../domain/change.ts';
import { resourcesOf } from '../../domain/rules/sizes.ts';
import { AdapterFailure } from '../failure.ts';
import { type PlannedChange, planOf } from '../step-plan.ts';
import { placeOf, RENDERED_STOPPED } from './names.ts';
import { networkPolicies } from './network.ts';
import { refuseUnprepared } from './prerequisites.ts';
import { refuseImpossible } from './refusals.ts';
import { planRelease } from './release.ts';
import { leftOf } from './removal.ts';
import { locationOfSaved, refuseRestore } from './restore.ts';
import type { Tools } from './settings.ts';
import { refuseSnapshot } from './snapshot.ts';
import { snapshotPortOf } from './snapshot-location.ts';
import { workloadsOf } from './workloads.ts';

/** What the step would change; throws what makes it impossible. */
export async function planStep(tools: Tools, step: Step): Promise<StepPlan> {
  const { change, target } = step;
  switch (change.verb) {
    case 'create':
      await refuseUnprepared(tools);
      await refuseImpossible(tools, step);
      return planRelease(tools, step);
    case 'scale':
    case 'tune_policy':
      await refuseImpossible(tools, step);
      return planRelease(tools, step);
    case 'start':
      return planStart(tools, step);
    case 'stop':
      return planOf([await replicasTo(tools, step, 0)]);
    case 'restart':
      return planOf([update(await controlPlaneOf(tools, step), '+ a new annotation: every pod is replaced')]);
    case 'snapshot': {
      const { url } = await refuseSnapshot(tools, step, change.snapshot);
      return planOf([
        { kind: 'ConfigMap', name: change.snapshot.name, change: 'create', diff: `+ snapshot to ${url}` },
      ]);
    }
    case 'restore': {
      const { url } = locationOfSaved(target, change.snapshot);
      await refuseRestore(tools, step);
      return planOf([
        update(await controlPlaneOf(tools, step), `- what its store holds\n+ what lies at ${url}`),
      ]);
    }
    case 'delete':
      return planOf((await leftOf(tools, target)).map(removal));
    case 'migrate':
    case 'attach_observer':
    case 'detach_observer':
      throw new AdapterFailure(
        'capability_not_supported',
        `${placeOf(target)}: a vcluster has no ${change.verb} of its own.`,
        {
          nextStep: 'See the capabilities of the runtime.',
        },
      );
  }
}

async function planStart(tools: Tools, step: Step): Promise<StepPlan> {
  const controlPlane = await controlPlaneOf(tools, step);
  const renderedStopped = controlPlane.metadata.annotations?.[RENDERED_STOPPED] !== undefined;
  if (renderedStopped || (await hasOtherNetwork(tools, step))) return planRelease(tools, step);
  const { replicas } = resourcesOf('vcluster', step.desired.spec);
  return planOf([await replicasTo(tools, step, replicas)]);
}

/** Whether policies, or the installation, let it reach something else than when it was last applied. */
async function hasOtherNetwork({ kubernetes, settings }: Tools, { target, desired }: Step): Promise<boolean> {
  const { restrictedEgress } = settings;
  const ways = { snapshotPort: snapshotPortOf(settings), restrictedEgress };
  const next = networkPolicies(target, desired.spec.networking, ways);
  const changes = await diffObjects(kubernetes, {
    previous: [],
    next,
    fieldManager: 'runtimeai',
    force: true,
  });
  return changes.some(({ change }) => change !== 'unchanged');
}

async function replicasTo(tools: Tools, step: Step, replicas: number): Promise<PlannedChange> {
  const controlPlane = await controlPlaneOf(tools, step);
  const now = numberOf(fieldsOf(controlPlane['spec'])['replicas']);
  if (now === replicas) return { ...update(controlPlane, ''), change: 'unchanged' };
  return update(controlPlane, `-  replicas: ${now}\n+  replicas: ${replicas}`);
}

async function controlPlaneOf(tools: Tools, { target }: Step): Promise<KubernetesObject> {
  return (await workloadsOf(tools.kubernetes, target)).controlPlane;
}

function update({ kind, metadata: { name } }: KubernetesObject, diff: string): PlannedChange {
  return { kind, name, change: 'update', diff };
}

function removal(words: string): PlannedChange {
  const [kind = '', place = ''] = words.replace(/^Helm release/, 'Release').split(' ');
  return { kind, name: place.split('/').at(-1) ?? place, change: 'remove', diff: '' };
}
