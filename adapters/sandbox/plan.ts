import { summarize } from '../../clients/kubernetes/diff.ts';
import { diffText, wholeObject } from '../../clients/kubernetes/diff-text.ts';
import { fieldsOf, type KubernetesObject, referenceOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Step, StepPlan } from '../../domain/change.ts';
import { readLive } from './live.ts';
import { blueprint, isPooled, manifests, operatingMode } from './manifests.ts';
import { refuseImpossible } from './refusals.ts';
import { ownedObjects } from './removal.ts';
import type { SandboxSettings } from './settings.ts';
import { refuseSnapshot } from './snapshot.ts';

interface Planning {
  readonly kubernetes: KubernetesClient;
  readonly settings: SandboxSettings;
  readonly step: Step;
}

/** What the step would change, each object sent through a server-side dry run; throws what makes it impossible. */
export async function planStep(planning: Planning): Promise<StepPlan> {
  const { kubernetes, settings, step } = planning;
  const { verb } = step.change;
  if (verb === 'delete') return planOf(await removals(planning));
  // What runs may always be stopped or copied, also where it could not be made any more.
  if (verb !== 'stop' && verb !== 'snapshot') await refuseImpossible(kubernetes, step, settings);
  if (verb === 'snapshot') await refuseSnapshot(kubernetes, step);
  const changes = await Promise.all(manifests(step, settings).map(object => changeOf(kubernetes, object)));
  const pod = verb === 'restart' ? await podRemoval(planning) : [];
  return planOf([...changes, ...(await claimedChange(planning)), ...pod]);
}

type Change = StepPlan['changes'][number];

function planOf(changes: readonly Change[]): StepPlan {
  return { summary: summarize(changes), changes: [...changes], base: {} };
}

async function changeOf(kubernetes: KubernetesClient, object: KubernetesObject): Promise<Change> {
  const [live, outcome] = await Promise.all([
    kubernetes.get(referenceOf(object)),
    kubernetes.apply(object, { dryRun: true, force: true }),
  ]);
  const named = { kind: object.kind, name: object.metadata.name };
  if (live === undefined) return { ...named, change: 'create', diff: wholeObject('+', object) };
  return updated(live, outcome);
}

function updated(live: KubernetesObject, outcome: KubernetesObject): Change {
  const diff = diffText(live, outcome);
  return { kind: live.kind, name: live.metadata.name, change: diff === '' ? 'unchanged' : 'update', diff };
}

/** A claimed Sandbox is patched, not applied. */
async function claimedChange({ kubernetes, settings, step }: Planning): Promise<Change[]> {
  if (!isPooled(step.desired)) return [];
  const { sandbox } = await readLive(kubernetes, step);
  if (!sandbox) return [];
  const { podTemplate, service } = blueprint(step, settings);
  const spec = fieldsOf(sandbox['spec']);
  const wanted = { ...fieldsOf(spec['podTemplate']), spec: podTemplate.spec };
  const mode = { operatingMode: operatingMode(step.desired), service };
  return [updated(sandbox, { ...sandbox, spec: { ...spec, ...mode, podTemplate: wanted } })];
}

async function podRemoval({ kubernetes, step }: Planning): Promise<Change[]> {
  const { pod } = await readLive(kubernetes, step);
  return pod ? [removal(pod)] : [];
}

async function removals({ kubernetes, step }: Planning): Promise<Change[]> {
  return (await ownedObjects(kubernetes, step.target)).map(removal);
}

function removal(object: KubernetesObject): Change {
  const { name } = object.metadata;
  return { kind: object.kind, name, change: 'remove', diff: wholeObject('-', object) };
}
