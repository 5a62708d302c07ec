import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import { listOf, textOf } from '../../clients/kubernetes/objects.ts';
import type { Begun, Step } from '../../domain/change.ts';
import type { Call } from '../adapter.ts';
import { AdapterFailure } from '../failure.ts';
import { metadataOf } from '../ownership.ts';
import { conditionOf, statusOf } from './conditions.ts';
import { KINDS, machineReference, referenceTo, stepName } from './kinds.ts';
import { deleteExactly, readMachine } from './machine.ts';
import { applyMachine } from './power.ts';
import type { Tools } from './settings.ts';
import { snapshotToRestore } from './snapshots.ts';

/**
 * The restore as an object. In place: the disks keep their names, so what we apply afterwards means the restored ones.
 */
export function restoreObject(step: Step, snapshot: string): KubernetesObject {
  return {
    ...KINDS.restore,
    metadata: { ...metadataOf(step), name: stepName(step) },
    spec: {
      target: machineReference(step.target),
      virtualMachineSnapshotName: snapshot,
      targetReadinessPolicy: 'StopTarget',
      volumeRestorePolicy: 'InPlace',
    },
  };
}

/**
 * Stops the machine, has its disks put back, and gives it the power and size on record again. KubeVirt would put the
 * old size back too; the record says what the runtime shall be. Waits in the middle, and goes on from there when it is
 * called again.
 */
export async function restoreMachine(tools: Tools, step: Step, { signal }: Call): Promise<Begun> {
  if (step.change.verb !== 'restore') throw new Error('restoreMachine is for restores');
  const reference = referenceTo('restore', step.target, stepName(step));
  if ((await tools.kubernetes.get(reference)) === undefined) {
    const snapshot = await snapshotToRestore(tools, step, step.change);
    await applyMachine(tools, step, 'stopped');
    await untilStopped(tools, step, signal);
    await tools.kubernetes.create(restoreObject(step, snapshot.metadata.name));
  }
  await untilRestored(tools, step, signal);
  return applyMachine(tools, step);
}

/**
 * Takes a restore back as far as that goes: before KubeVirt touched a disk, by calling it off. Later there is nothing
 * to go back to, and a person has to say what now.
 */
export async function undoRestore(tools: Tools, step: Step): Promise<Begun> {
  const restore = await tools.kubernetes.get(referenceTo('restore', step.target, stepName(step)));
  if (restore && hasTouchedDisks(restore))
    throw new AdapterFailure(
      'rollback_failed',
      'The restore has already replaced disks of the machine; what was on them is gone.',
      { nextStep: 'Restore a snapshot again, or start the machine and look at its disks.' },
    );
  if (restore) await deleteExactly(tools.kubernetes, restore);
  return applyMachine(tools, { ...step, desired: step.before ?? step.desired });
}

async function untilStopped(tools: Tools, step: Step, signal: AbortSignal): Promise<void> {
  const { shutdownSeconds } = tools.settings;
  const latest = Date.now() + (shutdownSeconds + 60) * 1000;
  await wait({
    signal,
    // KubeVirt ends the guest when its grace is over; the rest is for removing the pod.
    deadline: () => latest,
    done: async () => (await readMachine(tools.kubernetes, step.target)).instance === undefined,
    late: () =>
      new AdapterFailure('restore_failed', `The machine did not stop within ${shutdownSeconds + 60} s.`, {
        nextStep: 'Look at its virt-launcher pod; stop it with force, then restore again.',
      }),
  });
}

async function untilRestored(
  { kubernetes, settings }: Tools,
  step: Step,
  signal: AbortSignal,
): Promise<void> {
  const reference = referenceTo('restore', step.target, stepName(step));
  let last = 'KubeVirt has not looked at it yet';
  let begunAt = Date.now();
  await wait({
    signal,
    deadline: () => begunAt + settings.restoreSeconds * 1000,
    done: async () => {
      const restore = await kubernetes.get(reference);
      if (!restore) throw failed('the VirtualMachineRestore was deleted by somebody else');
      if (conditionOf(restore, 'Failure')?.status === 'True') throw failed(troubleOf(restore));
      last = troubleOf(restore);
      // Counted from when it began: a later attempt goes on with the same patience.
      begunAt = Date.parse(restore.metadata.creationTimestamp ?? '') || begunAt;
      return statusOf(restore)['complete'] === true;
    },
    late: () => failed(`not complete after ${settings.restoreSeconds} s: ${last}`),
  });
}

function failed(why: string): AdapterFailure {
  return new AdapterFailure('restore_failed', `The restore did not work: ${why}.`, {
    nextStep: 'Look at the VirtualMachineRestore of the runtime (kubectl describe), then try again.',
  });
}

function troubleOf(restore: KubernetesObject): string {
  const words = ['Failure', 'Ready', 'Progressing'].map(type => {
    const condition = conditionOf(restore, type);
    return condition && [condition.reason, condition.message].filter(Boolean).join(': ');
  });
  return words.find(Boolean) ?? 'no reason was given';
}

function hasTouchedDisks(restore: KubernetesObject): boolean {
  const status = statusOf(restore);
  const disks = listOf(status['restores']).filter(({ volumeName }) => textOf(volumeName) !== '');
  return disks.length > 0;
}

interface Waiting {
  readonly signal: AbortSignal;
  readonly deadline: () => number;
  readonly done: () => Promise<boolean>;
  readonly late: () => Error;
}

async function wait({ signal, deadline, done, late }: Waiting): Promise<void> {
  while (!(await done())) {
    if (Date.now() > deadline()) throw late();
    await sleep(500, undefined, { signal });
  }
}
