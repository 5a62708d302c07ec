import { KubernetesError } from '../../clients/kubernetes/errors.ts';
import { pathOfObject } from '../../clients/kubernetes/kinds.ts';
import {
  type KubernetesObject,
  nameOf,
  type ObjectReference,
  referenceOf,
} from '../../clients/kubernetes/objects.ts';
import { ask, type KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { RuntimeTarget, Step } from '../../domain/change.ts';
import { RUNTIME_LABEL } from '../../domain/rules/labels.ts';
import { AdapterFailure } from '../failure.ts';
import { KINDS, referenceTo, type VmKind } from './kinds.ts';
import { selectorOf } from './metadata.ts';

/** A machine as it is now: what was asked of KubeVirt, and the instance that runs. */
export interface Machine {
  readonly machine: KubernetesObject | undefined;
  readonly instance: KubernetesObject | undefined;
}

/** Reads a machine and its instance. */
export async function readMachine(kubernetes: KubernetesClient, target: RuntimeTarget): Promise<Machine> {
  const [machine, instance] = await Promise.all([
    kubernetes.get(referenceTo('machine', target)),
    kubernetes.get(referenceTo('instance', target)),
  ]);
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
  const owner = found.machine.metadata.labels?.[RUNTIME_LABEL];
  if (owner !== target.runtimeId) throw foreign(target, owner);
  if (found.machine.metadata.deletionTimestamp !== undefined)
    throw new AdapterFailure('wrong_state', `${nameOf(referenceTo('machine', target))} is being deleted.`, {
      nextStep: 'Wait until it is gone; if it stays, look at its finalizers.',
      retryable: true,
    });
  return found;
}

/** All objects of a kind that belong to a runtime; none where the cluster does not know the kind. */
export async function listOwn(
  kubernetes: KubernetesClient,
  kind: VmKind,
  target: RuntimeTarget,
): Promise<readonly KubernetesObject[]> {
  const where = { ...KINDS[kind], namespace: target.namespace, labelSelector: selectorOf(target) };
  return kubernetes.list(where).catch((error: unknown) => {
    if (error instanceof KubernetesError && error.kind === 'not_found') return [];
    throw error;
  });
}

/** Deletes this very object and not one that came to the name later; gone already is fine. */
export async function deleteExactly(
  kubernetes: KubernetesClient,
  object: KubernetesObject,
  graceSeconds?: number,
): Promise<void> {
  const reference: ObjectReference = referenceOf(object);
  const { uid } = object.metadata;
  const request = {
    method: 'DELETE',
    path: pathOfObject(reference),
    contentType: 'application/json',
    body: JSON.stringify({
      propagationPolicy: 'Background',
      ...(uid === undefined ? {} : { preconditions: { uid } }),
      ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
    }),
  } as const;
  await ask(kubernetes.connection, `Deleting ${nameOf(reference)}`, request).catch((error: unknown) => {
    if (!(error instanceof KubernetesError) || !['not_found', 'conflict'].includes(error.kind)) throw error;
    // Gone, or another one by now (the uid differs): the one that was meant is not there any more.
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

function foreign(target: RuntimeTarget, owner: string | undefined): AdapterFailure {
  const whose = owner === undefined ? 'was not made by RuntimeAI' : `belongs to runtime ${owner}`;
  return new AdapterFailure('changed_outside', `${nameOf(referenceTo('machine', target))} ${whose}.`, {
    nextStep: 'Choose another name for the runtime, or remove that machine.',
  });
}
