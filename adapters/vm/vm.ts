import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Begun, Observation, Step } from '../../domain/change.ts';
import type { Call, RuntimeAdapter } from '../adapter.ts';
import type { Awaiting } from './awaiting.ts';
import { vmHealth } from './health.ts';
import { referenceTo, snapshotName } from './kinds.ts';
import { deleteExactly } from './machine.ts';
import { migrateMachine, observeMigration, undoMigration } from './migration.ts';
import { planStep } from './plan.ts';
import { applyMachine, type Cluster, observePower, restartMachine, stopMachine } from './power.ts';
import { missingKinds } from './prerequisites.ts';
import { observeRemoval, removeMachine } from './removal.ts';
import { restoreMachine, undoRestore } from './restore.ts';
import { VM_DEFAULTS, type VmSettings } from './settings.ts';
import { observeSnapshot, takeSnapshot } from './snapshots.ts';

export interface VmAdapterOptions {
  readonly kubernetes: KubernetesClient;
  /** What differs from `VM_DEFAULTS`. */
  readonly settings?: Partial<VmSettings>;
}

/** Drives virtual machines with KubeVirt (written against its API of v1.9.0); docs/virtual-machines.md says how. */
export function createVmAdapter({ kubernetes, settings }: VmAdapterOptions): RuntimeAdapter {
  const cluster: Cluster = { kubernetes, settings: { ...VM_DEFAULTS, ...settings } };
  const unlessCalledOff =
    (verb: (step: Step, call: Call) => Promise<Begun>) =>
    async (step: Step, call: Call): Promise<Begun> => {
      call.signal.throwIfAborted();
      return verb(step, call);
    };
  const apply = unlessCalledOff(step => applyMachine(cluster, step));
  return {
    name: 'vm',
    type: 'vm',
    backend: 'vm_backend',
    capabilities: [
      'start',
      'stop',
      'restart',
      'scale',
      'snapshot',
      'restore',
      'migrate',
      'attach_observer',
      'detach_observer',
    ],
    // KubeVirt's launcher pods set no seccomp profile and an SELinux type of their own, and KubeVirt refuses to
    // promise more than that they run in a privileged namespace.
    podSecurity: 'privileged',
    prerequisites: () => missingKinds(kubernetes),
    plan: step => planStep(cluster, step),
    apply,
    observe: (step, begun) => observe(cluster, step, begun),
    start: apply,
    stop: unlessCalledOff(step => stopMachine(cluster, step)),
    restart: unlessCalledOff((step, call) => restartMachine(cluster, step, call)),
    scale: apply,
    snapshot: unlessCalledOff(step => takeSnapshot(cluster, step)),
    restore: unlessCalledOff((step, call) => restoreMachine(cluster, step, call)),
    migrate: unlessCalledOff(step => migrateMachine(cluster, step)),
    delete: unlessCalledOff(step => removeMachine(kubernetes, step.target)),
    undo: unlessCalledOff(step => undo(cluster, step)),
    health: vmHealth,
  };
}

async function observe(cluster: Cluster, { target }: Step, begun: Begun): Promise<Observation> {
  const awaiting = begun.awaiting as Awaiting;
  switch (awaiting.for) {
    case 'running':
    case 'stopped':
      return observePower(cluster, target, awaiting);
    case 'snapshot':
      return observeSnapshot(cluster, target, awaiting.name);
    case 'migration':
      return observeMigration(cluster, target, awaiting.name);
    case 'nothing_left':
      return observeRemoval(cluster.kubernetes, target);
    case 'removal': {
      const left = await cluster.kubernetes.get(referenceTo(awaiting.kind, target, awaiting.name));
      if (left) return { status: 'progressing', message: `${left.kind} ${awaiting.name} is still there` };
      return { status: 'reached', message: `the ${awaiting.kind} is taken back` };
    }
  }
}

async function undo(cluster: Cluster, step: Step): Promise<Begun> {
  const { before, change, target } = step;
  if (before === null) return removeMachine(cluster.kubernetes, target);
  switch (change.verb) {
    case 'migrate':
      return undoMigration(cluster, step);
    case 'restore':
      return undoRestore(cluster, step);
    case 'snapshot': {
      const name = snapshotName(target, change.snapshot.id);
      const taken = await cluster.kubernetes.get(referenceTo('snapshot', target, name));
      if (taken) await deleteExactly(cluster.kubernetes, taken);
      return { awaiting: { for: 'removal', kind: 'snapshot', name } };
    }
    default:
      return applyMachine(cluster, { ...step, desired: before });
  }
}
