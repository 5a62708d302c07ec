import type { AgentConfig, AgentWish } from '../agent-config.ts';
import type { ResourceProfile, RuntimeCreateSpec, RuntimeSpec, Size } from '../runtime.ts';
import { cpuMilliOf, memoryMiBOf } from './quota.ts';
import { type Resources, resourcesOf, SIZES } from './sizes.ts';

/** What the spec of an agent comes to: the agent, or what in it cannot be. Paths are those of the create request. */
export type FoldedAgent =
  | { readonly kind: 'agent'; readonly agent: AgentConfig }
  | { readonly kind: 'image_required' }
  | { readonly kind: 'contradiction'; readonly issues: readonly ProfileIssue[] };

export interface ProfileIssue {
  readonly path: readonly string[];
  readonly message: string;
}

/**
 * The agent a spec describes with its own fields and with the profiles beside it. What stands in both must be the same;
 * what stands in neither is the default, and of an agent of which nothing is said the medium size.
 */
export function agentOf(
  spec: RuntimeCreateSpec,
  defaults: { readonly image?: string | undefined },
): FoldedAgent {
  const { agent = {}, networking, security } = spec;
  const image = agent.image ?? defaults.image;
  const issues = issuesOf(spec);
  if (issues.length > 0) return { kind: 'contradiction', issues };
  if (image === undefined) return { kind: 'image_required' };
  const sized = sizedBy(spec);
  const { framework = { name: 'custom' }, env = [], auto_scaling, service_account } = agent;
  const gpu = agent.gpu ?? spec.resources?.gpu ?? undefined;
  const isolation = agent.isolation ?? security?.isolation;
  const compliance = agent.compliance ?? security?.compliance;
  return {
    kind: 'agent',
    agent: {
      framework,
      image,
      env,
      resources: agent.resources ?? quantitiesOf(sized),
      replicas: agent.replicas ?? sized.replicas ?? DEFAULTS.replicas,
      egress: agent.egress ?? networking?.egress_policy ?? DEFAULTS.egress,
      exposure: agent.exposure ?? networking?.exposure ?? DEFAULTS.exposure,
      ...(auto_scaling && { auto_scaling }),
      ...(service_account && { service_account }),
      ...(gpu && { gpu }),
      ...(isolation && { isolation }),
      ...(compliance && { compliance }),
    },
  };
}

/** The contract's profiles of an agent; its size where it is exactly one of the table. */
export function profilesOf(
  agent: AgentConfig,
): Pick<RuntimeSpec, 'size' | 'resources' | 'networking' | 'security'> {
  const cpu = cpuMilliOf(agent.resources.cpu) / 1000;
  const size = sizeOf({ cpu, memoryMiB: memoryMiBOf(agent.resources.memory), replicas: agent.replicas });
  const { compliance, isolation = 'basic', gpu } = agent;
  return {
    ...(size && { size }),
    resources: { cpu, memory: agent.resources.memory, replicas: agent.replicas, ...(gpu && { gpu }) },
    networking: { exposure: agent.exposure, egress_policy: agent.egress },
    security: { isolation, audit: true, ...(compliance && { compliance }) },
  };
}

// The same as AGENT_DEFAULTS of domain/agent-config.ts, whose module may not be loaded here; a test compares them.
const DEFAULTS = {
  cpu: 0.1,
  memoryMiB: 128,
  replicas: 1,
  egress: 'restricted',
  exposure: 'private',
} as const;

/** What size and resources say; nothing of what neither says. */
function sizedBy(spec: RuntimeCreateSpec): Partial<Resources> & { readonly memory?: string } {
  const { resources, agent } = spec;
  const size = spec.size ?? (agent === undefined ? 'medium' : undefined);
  const memory = resources?.memory ? { memory: resources.memory } : {};
  if (size !== undefined) return { ...resourcesOf('agent_runtime', { size, resources }), ...memory };
  const { cpu, replicas } = resources ?? {};
  return {
    ...(cpu != null && { cpu }),
    ...(resources?.memory && { memoryMiB: memoryMiBOf(resources.memory) }),
    ...(replicas != null && { replicas }),
    ...memory,
  };
}

function quantitiesOf({
  cpu = DEFAULTS.cpu,
  memoryMiB = DEFAULTS.memoryMiB,
  memory = `${memoryMiB}Mi`,
}: Partial<Resources> & { readonly memory?: string }): AgentConfig['resources'] {
  return { cpu: `${Math.round(cpu * 1000)}m`, memory };
}

function sizeOf(resources: Resources): Size | undefined {
  const sizes = Object.entries(SIZES.agent_runtime) as [Size, Resources][];
  return sizes.find(([, table]) => FIELDS.every(field => table[field] === resources[field]))?.[0];
}

const FIELDS = ['cpu', 'memoryMiB', 'replicas'] as const;

function issuesOf(spec: RuntimeCreateSpec): ProfileIssue[] {
  const { agent = {}, networking, security, resources } = spec;
  return [
    ...memoryIssues(resources),
    ...sizeIssues(agent, sizedBy(spec)),
    ...differing(['gpu'], agent.gpu, resources?.gpu ?? undefined, 'resources.gpu'),
    ...differing(['egress'], agent.egress, networking?.egress_policy, 'networking.egress_policy'),
    ...differing(['exposure'], agent.exposure, networking?.exposure, 'networking.exposure'),
    ...differing(['isolation'], agent.isolation, security?.isolation, 'security.isolation'),
    ...differing(
      ['compliance'],
      agent.compliance?.toSorted().join(', '),
      security?.compliance?.toSorted().join(', '),
      'security.compliance',
    ),
  ];
}

function sizeIssues(agent: AgentWish, sized: ReturnType<typeof sizedBy>): ProfileIssue[] {
  const { resources, replicas } = agent;
  const cpu = resources && cpuMilliOf(resources.cpu) / 1000;
  const memory = resources && memoryMiBOf(resources.memory);
  const by = 'size and resources';
  return [
    ...differing(['resources', 'cpu'], cpu, sized.cpu, by),
    ...differing(['resources', 'memory'], memory, sized.memoryMiB, by),
    ...differing(['replicas'], replicas, sized.replicas, by),
  ];
}

function memoryIssues(resources: ResourceProfile | undefined): ProfileIssue[] {
  if (!resources?.memory) return [];
  const memoryMiB = memoryMiBOf(resources.memory);
  if (memoryMiB >= 16 && memoryMiB <= 512 * 1024) return [];
  return [{ path: ['spec', 'resources', 'memory'], message: 'must be from 16Mi to 512Gi for an agent' }];
}

function differing(
  field: readonly string[],
  own: string | number | undefined,
  profile: string | number | undefined,
  named: string,
): ProfileIssue[] {
  if (own === undefined || profile === undefined || own === profile) return [];
  return [
    {
      path: ['spec', 'agent', ...field],
      message: `is ${own}, but ${named} beside it say ${profile}: leave one of them out`,
    },
  ];
}
