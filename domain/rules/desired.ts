import type { AgentConfig } from '../agent-config.ts';
import type { Desired } from '../change.ts';
import type { Wish } from '../change-operation.ts';
import type { LifecycleScaleRequest } from '../lifecycle.ts';
import type { ResourceProfile, RuntimeSpec, RuntimeType } from '../runtime.ts';
import { SIZES } from './sizes.ts';

/** What a runtime shall be once the wish has come true; nothing but the wished part differs from what was. */
export function desiredAfter(type: RuntimeType, before: Desired, wish: Wish): Desired {
  switch (wish.verb) {
    case 'start':
      return { ...before, power: 'running' };
    case 'stop':
      return { ...before, power: 'stopped' };
    case 'scale':
      return { ...before, spec: scaled(type, before.spec, wish.to) };
    case 'tune_policy':
      return { ...before, spec: tuned(before.spec, wish.to.auto_scaling) };
    default:
      return before;
  }
}

type Scale = Pick<LifecycleScaleRequest, 'size' | 'resources'>;

function scaled(type: RuntimeType, spec: RuntimeSpec, to: Scale): RuntimeSpec {
  if (type === 'agent_runtime') return spec.agent ? { ...spec, agent: scaledAgent(spec.agent, to) } : spec;
  const size = to.size ?? spec.size;
  // A new size begins from its own table: earlier overrides belonged to the old one.
  const resources = merged(to.size ? undefined : spec.resources, to.resources);
  const { size: _size, resources: _resources, ...rest } = spec;
  return { ...rest, ...(size && { size }), ...(resources && { resources }) };
}

function merged(
  before: ResourceProfile | undefined,
  given: ResourceProfile | undefined,
): ResourceProfile | undefined {
  const all = Object.entries({ ...before, ...given }).filter(
    ([, value]) => value !== undefined && value !== null,
  );
  return all.length === 0 ? undefined : (Object.fromEntries(all) as ResourceProfile);
}

function scaledAgent(agent: AgentConfig, { size, resources }: Scale): AgentConfig {
  const table = size ? SIZES.agent_runtime[size] : undefined;
  const cpu = resources?.cpu ?? table?.cpu;
  const memory = resources?.memory ?? (table && `${table.memoryMiB}Mi`);
  const replicas = resources?.replicas ?? table?.replicas;
  return {
    ...agent,
    resources: {
      cpu: cpu === undefined ? agent.resources.cpu : `${Math.round(cpu * 1000)}m`,
      memory: memory ?? agent.resources.memory,
    },
    ...(resources?.gpu && { gpu: resources.gpu }),
    ...(replicas === undefined ? {} : replicated(agent, replicas)),
  };
}

/** Where an agent scales by itself, the wanted number becomes the least it scales to: by itself it would not stay. */
function replicated({ auto_scaling }: AgentConfig, replicas: number): Partial<AgentConfig> {
  if (!auto_scaling) return { replicas };
  const max_replicas = Math.max(auto_scaling.max_replicas, replicas);
  return { replicas, auto_scaling: { ...auto_scaling, min_replicas: replicas, max_replicas } };
}

function tuned(spec: RuntimeSpec, autoScaling: AgentConfig['auto_scaling'] | null): RuntimeSpec {
  if (!spec.agent) return spec;
  const { auto_scaling: _before, ...agent } = spec.agent;
  return { ...spec, agent: autoScaling ? { ...agent, auto_scaling: autoScaling } : agent };
}
