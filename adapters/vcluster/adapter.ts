import type { Begun, Step, StepPlan } from '../../domain/change.ts';
import type { Call, RuntimeAdapter } from '../adapter.ts';
import { AdapterFailure } from '../failure.ts';
import { nothing } from './awaited.ts';
import { health } from './health.ts';
import { RENDERED_STOPPED } from './names.ts';
import { observe } from './observation.ts';
import { planStep } from './plan.ts';
import { prerequisites } from './prerequisites.ts';
import { applyRelease, rollBackRelease, setPower } from './release.ts';
import { remove } from './removal.ts';
import { restart } from './restart.ts';
import { restore, undoRestore } from './restore.ts';
import { requestSnapshot, withdrawSnapshot } from './snapshot.ts';
import type { Tools } from './tools.ts';
import { workloadsOf } from './workloads.ts';

/** Virtual clusters, by the vcluster Helm chart and vcluster's own protocols for pause, snapshot and restore. */
export function createVClusterAdapter(tools: Tools): RuntimeAdapter {
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
    apply: (step, call) => applyRelease(tools, step, call),
    observe: (step, begun) => observe(tools, step, begun),
    start: (step, call) => start(tools, step, call),
    stop: step => setPower(tools, step),
    restart: step => restart(tools, step),
    scale: (step, call) => applyRelease(tools, step, call),
    snapshot: step => snapshot(tools, step),
    restore: (step, { signal }) => {
      if (step.change.verb !== 'restore') throw notFor(step, 'restore');
      return restore(tools, step, { snapshot: step.change.snapshot, signal });
    },
    delete: (step, call) => remove(tools, step, call),
    undo: (step, call) => undo(tools, step, call),
    health,
  };
}

/** What was rendered with no replicas while it was stopped is rendered anew; else the replicas come back by themselves. */
async function start(tools: Tools, step: Step, call: Call): Promise<Begun> {
  const { controlPlane } = await workloadsOf(tools.kubernetes, step.target);
  const renderedStopped = controlPlane.metadata.annotations?.[RENDERED_STOPPED] !== undefined;
  return renderedStopped || isPlanned(call.base) ? applyRelease(tools, step, call) : setPower(tools, step);
}

function isPlanned(base: StepPlan['base']): boolean {
  return base['digest'] !== undefined;
}

function snapshot(tools: Tools, step: Step): Promise<Begun> {
  if (step.change.verb !== 'snapshot') throw notFor(step, 'snapshot');
  return requestSnapshot(tools, step, step.change.snapshot);
}

async function undo(tools: Tools, step: Step, call: Call): Promise<Begun> {
  if (step.before === null) return remove(tools, step, call);
  switch (step.change.verb) {
    case 'restore':
      return undoRestore(tools, step);
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

function notFor(step: Step, verb: string): AdapterFailure {
  return new AdapterFailure('step_failed', `A step that is a ${step.change.verb} was handed to ${verb}.`, {
    nextStep: 'This is a fault of RuntimeAI; report it with the operation’s id.',
  });
}
