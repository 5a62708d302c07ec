import type { Begun, Step } from '../../domain/change.ts';
import type { Call, RuntimeAdapter } from '../adapter.ts';
import { cancellableVerbs } from '../cancellation.ts';
import { plannedIn } from '../releases.ts';
import { nothing } from './awaited.ts';
import { health } from './health.ts';
import { RENDERED_STOPPED } from './names.ts';
import { planStep } from './plan.ts';
import { prerequisites } from './prerequisites.ts';
import { observe } from './progress.ts';
import { applyRelease, rollBackRelease, setPower } from './release.ts';
import { remove } from './removal.ts';
import { restart } from './restart.ts';
import { restore, undoRestore } from './restore.ts';
import type { Tools } from './settings.ts';
import { requestSnapshot, withdrawSnapshot } from './snapshot.ts';
import { workloadsOf } from './workloads.ts';

/** Virtual clusters, by the vcluster Helm chart and vcluster's own protocols for pause, snapshot and restore. */
export function createVClusterAdapter(tools: Tools): RuntimeAdapter {
  const verb = cancellableVerbs(tools);
  const apply = verb(applyRelease);
  return {
    name: 'vcluster',
    type: 'vcluster',
    backend: 'vcluster_backend',
    capabilities: [
      'start',
      'stop',
      'restart',
      'rollout_restart',
      'scale',
      'snapshot',
      'restore',
      'attach_observer',
      'detach_observer',
    ],
    podSecurity: 'restricted',
    prerequisites: () => prerequisites(tools),
    plan: step => planStep(tools, step),
    apply,
    observe: (step, begun) => observe(tools, step, begun),
    start: verb(start),
    stop: verb((tools, step) => setPower(tools, step)),
    restart: verb(restart),
    scale: apply,
    snapshot: verb(requestSnapshot),
    restore: verb(restore),
    delete: verb(remove),
    undo: verb(undo),
    health,
  };
}

/** What was rendered with no replicas while it was stopped is rendered anew; else the replicas come back by themselves. */
async function start(tools: Tools, step: Step, call: Call): Promise<Begun> {
  const { controlPlane } = await workloadsOf(tools.kubernetes, step.target);
  const renderedStopped = controlPlane.metadata.annotations?.[RENDERED_STOPPED] !== undefined;
  return renderedStopped || plannedIn(call.base) ? applyRelease(tools, step, call) : setPower(tools, step);
}

async function undo(tools: Tools, step: Step, call: Call): Promise<Begun> {
  if (step.before === null) return remove(tools, step, call);
  switch (step.change.verb) {
    case 'restore':
      return undoRestore(tools, step, call);
    case 'snapshot':
      await withdrawSnapshot(tools.kubernetes, step.target, step.change.snapshot);
      return { awaiting: nothing() };
    case 'stop':
    case 'restart':
      return setPower(tools, { ...step, desired: step.before });
    default:
      return rollBackRelease(tools, step, call);
  }
}
