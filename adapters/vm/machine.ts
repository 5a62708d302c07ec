import { type KubernetesObject, nameOf, referenceOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { RuntimeTarget, Step } from '../../domain/change.ts';
import { AdapterFailure } from '../failure.ts';
import { refuseForeign } from '../ownership.ts';
import { referenceTo } from './kinds.ts';
import { REVISION_ANNOTATION } from './manifests.ts';

/** A machine as it is now: what was asked of KubeVirt, and the instance that runs. */
export interface Machine {
  readonly machine: KubernetesObject | undefined;
  readonly instance: KubernetesObject | undefined;
}

/** Reads a machine and its instance. */
export async function readMachine(kubernetes: KubernetesClient, target: RuntimeTarget): Promise<Machine> {
  // The machine first: its status never speaks of a later instance than the one that is read.
  const machine = await kubernetes.get(referenceTo('machine', target));
  const instance = await kubernetes.get(referenceTo('instance', target));
  return { machine, instance };
}

/** Reads the machine a step is about; throws when it is not there, not ours, or about to go. */
export async function machineOf(kubernetes: KubernetesClient, step: Step): Promise<Machine> {
  const found = await machineToApply(kubernetes, step);
  if (found.machine === undefined && step.before !== null) throw gone(step.target);
  return found;
}

/**
 * Reads the machine that is about to be applied. One that somebody deleted is made again only when it had no disk of
 * its own: the new one would be empty, and nobody would be told.
 */
export async function machineToApply(kubernetes: KubernetesClient, step: Step): Promise<Machine> {
  const { target, before } = step;
  const found = await readMachine(kubernetes, target);
  if (found.machine === undefined && before?.spec.vm?.disk) throw gone(target);
  if (found.machine === undefined) return found;
  refuseForeign(found.machine, target);
  if (found.machine.metadata.deletionTimestamp !== undefined)
    throw new AdapterFailure('wrong_state', `${nameOf(referenceTo('machine', target))} is being deleted.`, {
      nextStep: 'Wait until it is gone; if it stays, look at its finalizers.',
      retryable: true,
    });
  return found;
}

/** Whether an instance was started from another template than the one that has this mark. */
export function isOutdated(instance: KubernetesObject, revision: string): boolean {
  return instance.metadata.annotations?.[REVISION_ANNOTATION] !== revision;
}

/** Deletes this very object and not one that came to the name later; gone already is fine. */
export function deleteExactly(
  kubernetes: KubernetesClient,
  object: KubernetesObject,
  gracePeriodSeconds?: number,
): Promise<void> {
  const { uid } = object.metadata;
  return kubernetes.delete(referenceOf(object), {
    uid,
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
  });
}

function gone(target: RuntimeTarget): AdapterFailure {
  return new AdapterFailure(
    'object_gone',
    `${nameOf(referenceTo('machine', target))} is gone from the cluster.`,
    {
      nextStep: 'Somebody deleted it. Delete the runtime, and create it anew or from a backup.',
    },
  );
}
