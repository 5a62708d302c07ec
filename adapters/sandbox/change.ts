import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { fieldsOf, type KubernetesObject, nameOf, referenceOf } from '../../clients/kubernetes/objects.ts';
import type { Begun, Step } from '../../domain/change.ts';
import { AdapterFailure } from '../failure.ts';
import { graceOf } from '../grace.ts';
import { metadataOf } from '../ownership.ts';
import { isSeen } from './conditions.ts';
import { ownReference, REPLACED_BY_ANNOTATION, REPLACED_POD_ANNOTATION } from './kinds.ts';
import { type Live, readLive } from './live.ts';
import { blueprint, isPooled, manifests, operatingMode } from './manifests.ts';
import { differences } from './merge.ts';
import { GRACE_SECONDS } from './pod-spec.ts';
import { modeOf } from './progress.ts';
import type { Tools } from './settings.ts';

export interface Changing extends Tools {
  readonly step: Step;
  /** Tells this piece of work from every other, so that a repeated one finds its own traces. */
  readonly mark: string;
  readonly signal: AbortSignal;
}

/**
 * Makes a sandbox be what is desired, from whatever it is. An existing pod keeps running what it was made of, so it is
 * replaced when that changes, or in any case when `always` is said.
 */
export async function bring(changing: Changing, { always }: { readonly always: boolean }): Promise<Begun> {
  const { step } = changing;
  const before = await readLive(changing.kubernetes, step);
  const marks = replacementMarks(changing, before, always);
  await applyObjects(changing, marks);
  if (isPooled(step.desired)) await bringClaimed(changing, before, marks);
  const replacedPod = marks[REPLACED_POD_ANNOTATION] ?? '';
  if (replacedPod !== '') await removePod(changing, replacedPod);
  return { awaiting: { for: 'power', replacedPod } };
}

/** Ends the pod and keeps all else. The grace of a stop counts where it differs from the pod's own. */
export async function suspend(changing: Changing): Promise<Begun> {
  const { pod } = await readLive(changing.kubernetes, changing.step);
  const grace = graceOf(changing.step.change) ?? GRACE_SECONDS;
  const end = async () => {
    if (pod && !pod.metadata.deletionTimestamp)
      await changing.kubernetes.delete(referenceOf(pod), { gracePeriodSeconds: grace });
  };
  // The first to end a pod sets its grace, those after may only shorten it.
  if (grace > GRACE_SECONDS) await end();
  const begun = await bring(changing, { always: false });
  if (grace < GRACE_SECONDS && pod)
    await changing.kubernetes.delete(referenceOf(pod), { gracePeriodSeconds: grace });
  return begun;
}

type Labels = Readonly<Record<string, string>>;
type Marks = Readonly<Record<string, string>>;

/** Which pod has to go, written down before it goes: a repeated step finds its own mark and takes no second one. */
function replacementMarks(
  { settings, step, mark }: Changing,
  { sandbox, pod }: Live,
  always: boolean,
): Marks {
  const annotations = sandbox?.metadata.annotations ?? {};
  const earlier = {
    [REPLACED_BY_ANNOTATION]: mark,
    [REPLACED_POD_ANNOTATION]: annotations[REPLACED_POD_ANNOTATION] ?? '',
  };
  if (annotations[REPLACED_BY_ANNOTATION] === mark) return earlier;
  const isRunning = sandbox && step.desired.power === 'running' && modeOf(sandbox) === 'Running';
  const uid = pod?.metadata.uid;
  if (!isRunning || !uid) return {};
  const { podTemplate } = blueprint(step, settings);
  const isOther = !isDeepStrictEqual(templateOf(sandbox, podTemplate.metadata.labels), podTemplate);
  return always || isOther ? { [REPLACED_BY_ANNOTATION]: mark, [REPLACED_POD_ANNOTATION]: uid } : {};
}

/** What of a Sandbox's pod template is ours: of its labels those we would set. */
function templateOf(sandbox: KubernetesObject, wanted: Labels) {
  const { metadata, spec } = fieldsOf(fieldsOf(sandbox['spec'])['podTemplate']);
  const labels = fieldsOf(fieldsOf(metadata)['labels']);
  return {
    metadata: { labels: Object.fromEntries(Object.keys(wanted).map(name => [name, labels[name]])) },
    spec,
  };
}

async function applyObjects({ kubernetes, settings, step }: Changing, marks: Marks): Promise<void> {
  for (const object of manifests(step, settings)) {
    const { metadata } = object;
    const marked = { ...metadata, annotations: { ...metadata.annotations, ...marks } };
    await kubernetes.apply(object.kind === 'Sandbox' ? { ...object, metadata: marked } : object, {
      force: true,
    });
  }
}

/** The Sandbox of a claim was made by the controller: only what differs is patched, and its metadata added to. */
async function bringClaimed(changing: Changing, before: Live, marks: Marks): Promise<void> {
  const { kubernetes, settings, step } = changing;
  const isFresh = !before.sandbox && step.desired.power === 'running';
  // A claim gets its Sandbox by itself, made of the newest template.
  if (isFresh) return;
  const sandbox = before.sandbox ?? (await claimed(changing));
  const { podTemplate, service } = blueprint(step, settings);
  const now = {
    operatingMode: modeOf(sandbox),
    service: fieldsOf(sandbox['spec'])['service'],
    podTemplate: templateOf(sandbox, podTemplate.metadata.labels),
  };
  const wanted = { operatingMode: operatingMode(step.desired), service, podTemplate };
  const { labels, annotations } = metadataOf(step);
  await kubernetes.patch(referenceOf(sandbox), {
    metadata: { labels, annotations: { ...annotations, ...marks } },
    spec: differences(now, wanted),
  });
}

/** How long the controller may take to notice something before it is taken for absent. */
const CONTROLLER_SECONDS = 20;

async function claimed(changing: Changing): Promise<KubernetesObject> {
  return within(changing, 'the claim has got a sandbox', ({ sandbox }) => sandbox);
}

/**
 * Only once the controller knows the new specification: a pod that is gone before is made anew of the old one.
 */
async function removePod(changing: Changing, uid: string): Promise<void> {
  const seen = await within(changing, 'the new specification is noticed', live =>
    live.sandbox && isSeen(live.sandbox) ? live : undefined,
  );
  const { pod } = seen;
  if (pod?.metadata.uid !== uid || pod.metadata.deletionTimestamp) return;
  await changing.kubernetes.delete(referenceOf(pod));
}

async function within<T>(
  { kubernetes, step, signal }: Changing,
  what: string,
  look: (live: Live) => T | undefined,
): Promise<T> {
  const deadline = performance.now() + CONTROLLER_SECONDS * 1000;
  for (;;) {
    const found = look(await readLive(kubernetes, step));
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw silentController(step, what);
    await delay(100, undefined, { signal });
  }
}

function silentController(step: Step, what: string): AdapterFailure {
  const sandbox = nameOf(ownReference(step.target, isPooled(step.desired) ? 'claim' : 'sandbox'));
  return new AdapterFailure(
    'timed_out',
    `Waited ${CONTROLLER_SECONDS} s in vain until ${what}: ${sandbox}.`,
    {
      nextStep: 'Check that the agent-sandbox controller runs and look at its log; it is tried again.',
      retryable: true,
    },
  );
}
