import { textOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Begun, Observation, Step } from '../../domain/change.ts';
import type { Call, RuntimeAdapter } from '../adapter.ts';
import { bring, suspend } from './change.ts';
import { sandboxHealth } from './health.ts';
import { readLive } from './live.ts';
import { isPooled } from './manifests.ts';
import { planStep } from './plan.ts';
import { sandboxPrerequisites } from './prerequisites.ts';
import { progressDown, progressUp } from './progress.ts';
import { progressAway, remove } from './removal.ts';
import type { SandboxSettings } from './settings.ts';
import { progressNoSnapshot, progressSnapshot, removeSnapshot, takeSnapshot } from './snapshot.ts';

export interface SandboxDependencies {
  readonly kubernetes: KubernetesClient;
  readonly settings: SandboxSettings;
}

/** Sandboxes by kubernetes-sigs/agent-sandbox v0.5 (`agents.x-k8s.io/v1beta1`). */
export function createSandboxAdapter({ kubernetes, settings }: SandboxDependencies): RuntimeAdapter {
  const changing = (step: Step, { signal }: Call) => ({
    kubernetes,
    settings,
    step,
    mark: `${step.operationId}/${step.index}`,
    signal,
  });
  const become = (step: Step, call: Call): Promise<Begun> => bring(changing(step, call), { always: false });
  return {
    name: 'sandbox',
    type: 'sandbox',
    backend: 'k8s_backend',
    capabilities: ['start', 'stop', 'restart', 'scale', 'snapshot', 'attach_observer', 'detach_observer'],
    podSecurity: 'restricted',
    prerequisites: () => sandboxPrerequisites(kubernetes),
    plan: step => planStep({ kubernetes, settings, step }),
    apply: become,
    start: become,
    scale: become,
    stop: (step, call) => suspend(changing(step, call)),
    restart: (step, call) => bring(changing(step, call), { always: true }),
    snapshot: (step, { signal }) => {
      signal.throwIfAborted();
      return takeSnapshot({ kubernetes, settings, step });
    },
    delete: ({ target }, { signal }) => remove(kubernetes, { target, signal }),
    undo: (step, call) => {
      if (step.change.verb === 'snapshot') return removeSnapshot(kubernetes, step);
      if (step.before === null) return remove(kubernetes, { target: step.target, signal: call.signal });
      const way = changing({ ...step, desired: step.before }, call);
      return bring({ ...way, mark: `${way.mark}/undone` }, { always: false });
    },
    observe: (step, begun) => observe({ kubernetes, settings }, step, begun),
    health: sandboxHealth,
  };
}

async function observe(
  { kubernetes, settings }: SandboxDependencies,
  step: Step,
  begun: Begun,
): Promise<Observation> {
  // What was begun says what is awaited: on the way back the step still names the verb that is taken back.
  const { goal } = begun.awaiting;
  if (goal === 'nothing') return progressAway(kubernetes, step.target);
  if (goal === 'snapshot') return progressSnapshot(kubernetes, step);
  if (goal === 'no_snapshot') return progressNoSnapshot(kubernetes, step);
  const awaited = {
    live: await readLive(kubernetes, step),
    isPooled: isPooled(step.desired),
    replacedPod: textOf(begun.awaiting['replacedPod']),
    unschedulableSeconds: settings.unschedulableSeconds,
    now: Date.now(),
  };
  return step.desired.power === 'running' ? progressUp(awaited) : progressDown(awaited);
}
