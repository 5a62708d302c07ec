import type { Begun, Step } from '../../domain/change.ts';
import type { RuntimeAdapter } from '../adapter.ts';
import { cancellableVerbs } from '../cancellation.ts';
import { vmHealth } from './health.ts';
import { referenceTo, snapshotName } from './kinds.ts';
import { deleteExactly } from './machine.ts';
import { migrateMachine, undoMigration } from './migration.ts';
import { planStep } from './plan.ts';
import { applyMachine, restartMachine, stopMachine } from './power.ts';
import { missingKinds } from './prerequisites.ts';
import { observe } from './progress.ts';
import { removeMachine } from './removal.ts';
import { restoreMachine, undoRestore } from './restore.ts';
import type { Tools } from './settings.ts';
import { takeSnapshot } from './snapshots.ts';

/** Drives virtual machines with KubeVirt (written against its API of v1.9.0); docs/virtual-machines.md says how. */
export function createVmAdapter(tools: Tools): RuntimeAdapter {
  const verb = cancellableVerbs(tools);
  const apply = verb((tools, step) => applyMachine(tools, step));
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
    prerequisites: () => missingKinds(tools.kubernetes),
    plan: step => planStep(tools, step),
    apply,
    observe: (step, begun) => observe(tools, step, begun),
    start: apply,
    stop: verb(stopMachine),
    restart: verb(restartMachine),
    scale: apply,
    snapshot: verb(takeSnapshot),
    restore: verb(restoreMachine),
    migrate: verb(migrateMachine),
    delete: verb(removeMachine),
    undo: verb(undo),
    health: vmHealth,
  };
}

async function undo(tools: Tools, step: Step): Promise<Begun> {
  const { before, change, target } = step;
  if (before === null) return removeMachine(tools, step);
  switch (change.verb) {
    case 'migrate':
      return undoMigration(tools, step);
    case 'restore':
      return undoRestore(tools, step);
    case 'snapshot': {
      const name = snapshotName(target, change.snapshot.id);
      const taken = await tools.kubernetes.get(referenceTo('snapshot', target, name));
      if (taken) await deleteExactly(tools.kubernetes, taken);
      return { awaiting: { for: 'removal', kind: 'snapshot', name } };
    }
    default:
      return applyMachine(tools, { ...step, desired: before });
  }
}
