import { textOf } from '../../clients/kubernetes/objects.ts';
import type { Begun, Observation, Step } from '../../domain/change.ts';
import { markOf } from '../../domain/rules/marks.ts';
import type { Call, RuntimeAdapter } from '../adapter.ts';
import { cancellableVerbs } from '../cancellation.ts';
import { bring, suspend } from './change.ts';
import { sandboxHealth } from './health.ts';
import { isSame, readLive } from './live.ts';
import { isPooled } from './manifests.ts';
import { planStep } from './plan.ts';
import { sandboxPrerequisites } from './prerequisites.ts';
import { progressDown, progressUp } from './progress.ts';
import { progressAway, remove } from './removal.ts';
import type { Tools } from './settings.ts';
import { progressNoSnapshot, progressSnapshot, removeSnapshot, takeSnapshot } from './snapshot.ts';

/** Sandboxes by kubernetes-sigs/agent-sandbox v0.5 (`agents.x-k8s.io/v1beta1`). */
export function createSandboxAdapter(tools: Tools): RuntimeAdapter {
  const verb = cancellableVerbs(tools);
  const become = verb((tools, step, call) => bring(changing(tools, step, call), { always: false }));
  return {
    name: 'sandbox',
    type: 'sandbox',
    backend: 'k8s_backend',
    capabilities: ['start', 'stop', 'restart', 'scale', 'snapshot', 'attach_observer', 'detach_observer'],
    podSecurity: 'restricted',
    prerequisites: () => sandboxPrerequisites(tools.kubernetes),
    plan: step => planStep(tools, step),
    apply: become,
    observe: (step, begun) => observe(tools, step, begun),
    start: become,
    stop: verb((tools, step, call) => suspend(changing(tools, step, call))),
    restart: verb((tools, step, call) => bring(changing(tools, step, call), { always: true })),
    scale: become,
    snapshot: verb(takeSnapshot),
    delete: verb(remove),
    undo: verb(undo),
    health: sandboxHealth,
  };
}

function changing(tools: Tools, step: Step, { signal }: Call) {
  return { ...tools, step, mark: markOf(step), signal };
}

function undo(tools: Tools, step: Step, call: Call): Promise<Begun> {
  if (step.change.verb === 'snapshot') return removeSnapshot(tools, step);
  if (step.before === null) return remove(tools, step);
  const back = changing(tools, { ...step, desired: step.before }, call);
  return bring({ ...back, mark: `${back.mark}/undone` }, { always: false });
}

async function observe({ kubernetes, settings }: Tools, step: Step, begun: Begun): Promise<Observation> {
  // What was begun says what is awaited: on the way back the step still names the verb that is taken back.
  switch (begun.awaiting['for']) {
    case 'gone':
      return progressAway(kubernetes, step.target);
    case 'snapshot':
      return progressSnapshot(kubernetes, step);
    case 'no_snapshot':
      return progressNoSnapshot(kubernetes, step);
  }
  const live = await readLive(kubernetes, step);
  const awaited = {
    live,
    isPooled: isPooled(step.desired),
    replacedPod: textOf(begun.awaiting['replacedPod']),
    unschedulableSeconds: settings.unschedulableSeconds,
    now: Date.now(),
  };
  const seen = step.desired.power === 'running' ? progressUp(awaited) : progressDown(awaited);
  if (seen.status !== 'reached' || isSame(live, await readLive(kubernetes, step))) return seen;
  return { status: 'progressing', message: 'it changed while it was looked at' };
}
