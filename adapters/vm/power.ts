import { fieldsOf, type KubernetesObject, referenceOf, textOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Begun, Power, RuntimeTarget, Step } from '../../domain/change.ts';
import type { Call } from '../adapter.ts';
import { graceOf } from '../grace.ts';
import { listOwn } from '../ownership.ts';
import type { Awaited } from './awaited.ts';
import { specOf } from './conditions.ts';
import { KINDS } from './kinds.ts';
import { deleteExactly, isOutdated, machineToApply, readMachine } from './machine.ts';
import { machineObjects } from './manifests.ts';
import type { Tools } from './settings.ts';

/**
 * Makes the machine be what is desired. An instance that was started from something else is restarted at once: a
 * machine that would only have its new size some day would not have been scaled.
 */
export async function applyMachine(
  tools: Tools,
  step: Step,
  power: Power = step.desired.power,
): Promise<Begun> {
  const { kubernetes, settings } = tools;
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
export async function stopMachine(tools: Tools, step: Step): Promise<Begun> {
  const stopping = await applyMachine(tools, step);
  const graceSeconds = graceOf(step.change);
  if (graceSeconds === undefined) return stopping;
  // The pod's kubelet ends the guest after this time; an instance itself cannot be given another grace by us.
  const pods = await listOwn(tools.kubernetes, KINDS.pod, step.target);
  await Promise.all(pods.map(pod => deleteExactly(tools.kubernetes, pod, graceSeconds)));
  return stopping;
}

/** Ends the running instance, in whose place KubeVirt starts another. */
export async function restartMachine(tools: Tools, step: Step, { base }: Pick<Call, 'base'>): Promise<Begun> {
  const started = await applyMachine(tools, step);
  const notUid = textOf(base['instanceUid']);
  const { instance } = await readMachine(tools.kubernetes, step.target);
  if (instance && instance.metadata.uid === notUid) await deleteExactly(tools.kubernetes, instance);
  return { awaiting: { ...started.awaiting, notUid } };
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
  const own = await listOwn(kubernetes, KINDS.instancetype, target);
  const old = own.filter(({ metadata }) => metadata.name !== current);
  await Promise.all(old.map(object => deleteExactly(kubernetes, object)));
}

function begun(awaiting: Awaited): Begun {
  return { awaiting };
}
