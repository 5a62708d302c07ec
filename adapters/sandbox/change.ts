import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { fieldsOf, type KubernetesObject, nameOf, referenceOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Begun, Step } from '../../domain/change.ts';
import { OPERATION_ANNOTATION } from '../../domain/rules/labels.ts';
import { AdapterFailure } from '../failure.ts';
import { isSeen } from './conditions.ts';
import { ownReference, REPLACED_BY_ANNOTATION, REPLACED_POD_ANNOTATION } from './kinds.ts';
import { type Live, readLive } from './live.ts';
import { blueprint, isPooled, manifests, operatingMode, ownerLabels } from './manifests.ts';
import { differences } from './merge.ts';
import { GRACE_SECONDS } from './pod-spec.ts';
import { modeOf } from './progress.ts';
import type { SandboxSettings } from './settings.ts';

export interface Changing {
  readonly kubernetes: KubernetesClient;
  readonly settings: SandboxSettings;
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
  changing.signal.throwIfAborted();
  const { step } = changing;
  const before = await readLive(changing.kubernetes, step);
  const marks = replacementMarks(changing, before, always);
  await applyObjects(changing, marks);
  if (isPooled(step.desired)) await bringClaimed(changing, before, marks);
  const replacedPod = marks[REPLACED_POD_ANNOTATION] ?? '';
  if (replacedPod !== '') await removePod(changing, replacedPod);
  return { awaiting: { goal: 'power', replacedPod } };
}

/** Ends the pod and keeps all else. The grace of a stop counts where it differs from the pod's own. */
export async function suspend(changing: Changing): Promise<Begun> {
  changing.signal.throwIfAborted();
  const { change } = changing.step;
  const { pod } = await readLive(changing.kubernetes, changing.step);
  const grace = change.verb === 'stop' ? graceOf(change) : GRACE_SECONDS;
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

// At 0 the API server forgets a pod before its containers have ended.
function graceOf({
  force,
  timeoutSeconds,
}: {
  readonly force: boolean;
  readonly timeoutSeconds?: number;
}): number {
  return force ? 1 : Math.max(1, timeoutSeconds ?? GRACE_SECONDS);
}

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
  const isOther = !isDeepStrictEqual(podOf(sandbox), blueprint(step, settings).podTemplate.spec);
  return always || isOther ? { [REPLACED_BY_ANNOTATION]: mark, [REPLACED_POD_ANNOTATION]: uid } : {};
}

function podOf(sandbox: KubernetesObject): unknown {
  return fieldsOf(fieldsOf(sandbox['spec'])['podTemplate'])['spec'];
}

async function applyObjects({ kubernetes, settings, step, signal }: Changing, marks: Marks): Promise<void> {
  for (const object of manifests(step, settings)) {
    signal.throwIfAborted();
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
  const spec = fieldsOf(sandbox['spec']);
  const now = {
    operatingMode: modeOf(sandbox),
    service: spec['service'],
    podTemplate: { spec: podOf(sandbox) },
  };
  const wanted = {
    operatingMode: operatingMode(step.desired),
    service,
    podTemplate: { spec: podTemplate.spec },
  };
  const annotations = { [OPERATION_ANNOTATION]: step.operationId, ...marks };
  await kubernetes.patch(referenceOf(sandbox), {
    metadata: { labels: ownerLabels(step.target), annotations },
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
