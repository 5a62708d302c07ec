import { diffObjects } from '../../clients/kubernetes/diff.ts';
import { diffText } from '../../clients/kubernetes/diff-text.ts';
import { fieldsOf } from '../../clients/kubernetes/objects.ts';
import type { Step, StepPlan } from '../../domain/change.ts';
import { AdapterFailure } from '../failure.ts';
import { type PlannedChange, planOf, removalOf } from '../step-plan.ts';
import { type Live, readLive } from './live.ts';
import { blueprint, isPooled, manifests, operatingMode } from './manifests.ts';
import { refuseImpossible } from './refusals.ts';
import { ownedObjects } from './removal.ts';
import type { Tools } from './settings.ts';
import { refuseSnapshot } from './snapshot.ts';

/** What the step would change, each object sent through a server-side dry run; throws what makes it impossible. */
export async function planStep(tools: Tools, step: Step): Promise<StepPlan> {
  const { kubernetes, settings } = tools;
  const { verb } = step.change;
  if (verb === 'delete') return planOf((await ownedObjects(kubernetes, step.target)).map(removalOf));
  // What runs may always be stopped or copied, also where it could not be made any more.
  if (verb !== 'stop' && verb !== 'snapshot') await refuseImpossible(kubernetes, step, settings);
  if (verb === 'snapshot') await refuseSnapshot(kubernetes, step);
  const live = await readLive(kubernetes, step);
  refuseLostVolume(step, live);
  const next = manifests(step, settings);
  const changes = await diffObjects(kubernetes, {
    previous: [],
    next,
    fieldManager: 'runtimeai',
    force: true,
  });
  const pod = verb === 'restart' && live.pod ? [removalOf(live.pod)] : [];
  return planOf([...changes, ...claimedChange(tools, step, live), ...pod]);
}

/** A Sandbox takes its volume with it: made again, it would begin empty and look as if nothing had happened. */
function refuseLostVolume({ before, target }: Step, { sandbox }: Live): void {
  if (sandbox || before?.spec.sandbox?.storage === undefined) return;
  throw new AdapterFailure(
    'object_gone',
    `The Sandbox of ${target.runtimeName} is gone from namespace ${target.namespace}, and its volume with it.`,
    { nextStep: 'Somebody deleted it. Delete the runtime, and create it anew or from a backup.' },
  );
}

/** A claimed Sandbox is patched, not applied. */
function claimedChange({ settings }: Tools, step: Step, { sandbox }: Live): PlannedChange[] {
  if (!sandbox || !isPooled(step.desired)) return [];
  const { podTemplate, service } = blueprint(step, settings);
  const spec = fieldsOf(sandbox['spec']);
  const before = fieldsOf(spec['podTemplate']);
  const metadata = fieldsOf(before['metadata']);
  const labels = { ...fieldsOf(metadata['labels']), ...podTemplate.metadata.labels };
  const wanted = { ...before, ...podTemplate, metadata: { ...metadata, labels } };
  const mode = { operatingMode: operatingMode(step.desired), service };
  const diff = diffText(sandbox, { ...sandbox, spec: { ...spec, ...mode, podTemplate: wanted } });
  const { kind } = sandbox;
  return [{ kind, name: sandbox.metadata.name, change: diff === '' ? 'unchanged' : 'update', diff }];
}
