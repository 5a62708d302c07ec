import {
  fieldsOf,
  type KubernetesObject,
  numberOf,
  referenceOf,
  textOf,
} from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Begun, Observation, Power, RuntimeTarget, Step } from '../../domain/change.ts';
import type { Call } from '../adapter.ts';
import type { Awaiting } from './awaiting.ts';
import { complaints, isTrue, specOf, statusOf } from './conditions.ts';
import { deleteExactly, listOwn, machineToApply, readMachine } from './machine.ts';
import { machineObjects, REVISION_ANNOTATION } from './manifests.ts';
import type { VmSettings } from './settings.ts';
import { statusWord } from './status-words.ts';

export interface Cluster {
  readonly kubernetes: KubernetesClient;
  readonly settings: VmSettings;
}

/**
 * Makes the machine be what is desired. An instance that was started from something else is restarted at once: a
 * machine that would only have its new size some day would not have been scaled.
 */
export async function applyMachine(
  cluster: Cluster,
  step: Step,
  power: Power = step.desired.power,
): Promise<Begun> {
  const { kubernetes, settings } = cluster;
  const { machine, instance } = await machineToApply(kubernetes, step);
  const objects = machineObjects(step, settings, power);
  await kubernetes.apply(objects.networkPolicy, { force: true });
  await kubernetes.apply(objects.instancetype, { force: true });
  await forgetOtherRevision(kubernetes, machine, objects.instancetype.metadata.name);
  await kubernetes.apply(objects.machine, { force: true });
  await removeOldInstancetypes(kubernetes, step.target, objects.instancetype.metadata.name);
  if (power === 'stopped') return begun({ for: 'stopped' });
  if (instance && isOutdated(instance, objects.revision)) await deleteExactly(kubernetes, instance);
  return begun({ for: 'running', revision: objects.revision });
}

/** Stops the machine; the guest is asked to shut down, and ended when the time it was given is over. */
export async function stopMachine(cluster: Cluster, step: Step): Promise<Begun> {
  const stopping = await applyMachine(cluster, step);
  const { change } = step;
  if (change.verb !== 'stop') return stopping;
  const graceSeconds = change.force ? 1 : change.timeoutSeconds;
  if (graceSeconds === undefined) return stopping;
  // The pod's kubelet ends the guest after this time; an instance itself cannot be given another grace by us.
  const pods = await listOwn(cluster.kubernetes, 'pod', step.target);
  await Promise.all(pods.map(pod => deleteExactly(cluster.kubernetes, pod, Math.max(1, graceSeconds))));
  return stopping;
}

/** Ends the running instance, in whose place KubeVirt starts another. */
export async function restartMachine(
  cluster: Cluster,
  step: Step,
  { base }: Pick<Call, 'base'>,
): Promise<Begun> {
  const started = await applyMachine(cluster, step);
  const notUid = textOf(base['instanceUid']);
  const { instance } = await readMachine(cluster.kubernetes, step.target);
  if (instance && instance.metadata.uid === notUid) await deleteExactly(cluster.kubernetes, instance);
  return { awaiting: { ...started.awaiting, notUid } };
}

/** How far a machine is on its way to running or to standing still. */
export async function observePower(
  { kubernetes, settings }: Cluster,
  target: RuntimeTarget,
  awaiting: Extract<Awaiting, { for: 'running' | 'stopped' }>,
): Promise<Observation> {
  const { machine, instance } = await readMachine(kubernetes, target);
  if (!machine) return { status: 'failed', message: 'the VirtualMachine was deleted by somebody else' };
  if (awaiting.for === 'stopped') return judgeStopping(machine, instance);
  return judgeStarting({ machine, instance, awaiting, settings, now: Date.now() });
}

interface Starting {
  readonly machine: KubernetesObject;
  readonly instance: KubernetesObject | undefined;
  readonly awaiting: Extract<Awaiting, { for: 'running' }>;
  readonly settings: Pick<VmSettings, 'stuckSeconds'>;
  readonly now: number;
}

/** Whether a machine runs what was applied, is still on the way, or cannot get there. */
export function judgeStarting({ machine, instance, awaiting, settings, now }: Starting): Observation {
  const printable = textOf(statusOf(machine)['printableStatus']);
  const word = statusWord(printable);
  const isNew = instance !== undefined && instance.metadata.uid !== awaiting.notUid;
  if (isNew && isOutdated(instance, awaiting.revision) && !instance.metadata.deletionTimestamp)
    return progressing('the instance that runs was started from an earlier state and is replaced');
  if (isNew && printable === 'Running' && isTrue(instance, 'Ready') && !instance.metadata.deletionTimestamp)
    return isTrue(machine, 'RestartRequired')
      ? progressing('the machine runs, but KubeVirt says that it has to be restarted for all of it')
      : {
          status: 'reached',
          message: `the machine runs on ${textOf(statusOf(instance)['nodeName']) || 'a node'}`,
        };
  const why = [word.words, complaints(instance, machine)].filter(Boolean).join(': ');
  if (word.stuck && isLasting({ machine, instance, settings, now }))
    return { status: 'failed', message: `${printable}: ${why}` };
  return progressing(why);
}

function judgeStopping(machine: KubernetesObject, instance: KubernetesObject | undefined): Observation {
  if (instance) return progressing(statusWord(textOf(statusOf(machine)['printableStatus'])).words);
  const printable = textOf(statusOf(machine)['printableStatus']);
  if (printable === 'Stopped') return { status: 'reached', message: 'the machine is stopped' };
  return progressing(`its instance is gone; KubeVirt still calls it ${printable || 'nothing'}`);
}

/** A crash loop is believed at its third failure, everything else when it has been so for a while. */
function isLasting({ machine, instance, settings, now }: Omit<Starting, 'awaiting'>): boolean {
  const failures = numberOf(fieldsOf(statusOf(machine)['startFailure'])['consecutiveFailCount']);
  if (failures >= 3) return true;
  const since = (instance ?? machine).metadata.creationTimestamp;
  return failures === 0 && since !== undefined && now - Date.parse(since) > settings.stuckSeconds * 1000;
}

/** Whether an instance was started from another template than the one that has this mark. */
export function isOutdated(instance: KubernetesObject, revision: string): boolean {
  return instance.metadata.annotations?.[REVISION_ANNOTATION] !== revision;
}

/** A restore leaves the name of the copy it read the old size from; it would win over the new one. */
async function forgetOtherRevision(
  kubernetes: KubernetesClient,
  machine: KubernetesObject | undefined,
  name: string,
): Promise<void> {
  const matcher = fieldsOf(specOf(machine)['instancetype']);
  if (!machine || !matcher['revisionName'] || matcher['name'] === name) return;
  const { resourceVersion } = machine.metadata;
  await kubernetes.patch(referenceOf(machine), {
    metadata: { resourceVersion },
    spec: { instancetype: { name, revisionName: null } },
  });
}

async function removeOldInstancetypes(
  kubernetes: KubernetesClient,
  target: RuntimeTarget,
  current: string,
): Promise<void> {
  const own = await listOwn(kubernetes, 'instancetype', target);
  const old = own.filter(({ metadata }) => metadata.name !== current);
  await Promise.all(old.map(object => deleteExactly(kubernetes, object)));
}

function progressing(message: string): Observation {
  return { status: 'progressing', message };
}

function begun(awaiting: Awaiting): Begun {
  return { awaiting };
}
