import type { Begun, Step, StepPlan } from '../../domain/change.ts';
import type { Call, RuntimeAdapter } from '../adapter.ts';
import { cancellableVerbs } from '../cancellation.ts';
import { agentHealth } from './health.ts';
import { observeAgent } from './progress.ts';
import { applyRelease, planRelease, rollBackRelease } from './release.ts';
import { planRemoval, remove } from './removal.ts';
import { planRestart, restartAgent, undoRestart } from './restart.ts';
import type { AgentRuntimeSettings, Tools } from './settings.ts';

export type { AgentRuntimeSettings } from './settings.ts';

/** Agents as Helm releases of the chart `helm/agent-runtime`. */
export function createAgentRuntimeAdapter({
  releases,
  kubernetes,
  ...settings
}: Pick<Tools, 'releases' | 'kubernetes'> & AgentRuntimeSettings): RuntimeAdapter {
  const tools = { releases, kubernetes, settings };
  const verb = cancellableVerbs<Tools>(tools);
  const apply = verb(applyRelease);
  return {
    name: 'agent-runtime',
    type: 'agent_runtime',
    backend: 'k8s_backend',
    capabilities: [
      'deploy',
      'rollback',
      'start',
      'stop',
      'restart',
      'rollout_restart',
      'scale',
      'tune_policy',
      'attach_observer',
      'detach_observer',
    ],
    podSecurity: 'restricted',
    prerequisites: async () => ({ missing: [] }),
    plan: step => planStep(tools, step),
    apply,
    observe: (step, begun) => observeAgent(tools, step, begun),
    start: apply,
    stop: apply,
    scale: apply,
    restart: verb(restartAgent),
    delete: verb(remove),
    undo: verb(undo),
    health: agentHealth,
  };
}

function undo(tools: Tools, step: Step, call: Call): Promise<Begun> {
  if (step.before === null) return remove(tools, step, call);
  if (step.change.verb === 'restart') return undoRestart(tools, step, call);
  return rollBackRelease(tools, step, call);
}

function planStep(tools: Tools, step: Step): Promise<StepPlan> {
  switch (step.change.verb) {
    case 'delete':
      return planRemoval(tools, step);
    case 'restart':
      return planRestart(tools.kubernetes, step);
    case 'attach_observer':
    case 'detach_observer':
      return Promise.resolve({
        summary: { create: 0, update: 0, unchanged: 0, remove: 0 },
        changes: [],
        base: {},
      });
    default:
      return planRelease(tools, step);
  }
}
