import type { AgentConfig } from '../agent-config.ts';
import type { AgentRuntimeValuesInput } from '../chart-values.ts';
import type { ReleaseTarget } from '../deployment.ts';
import { type PlacementSettings, placementOf } from './placement.ts';

export interface ChartValuesInput extends PlacementSettings {
  readonly target: ReleaseTarget;
  /** Mark of the step: its operation, and its index where it is not the first. */
  readonly operationId: string;
  readonly agent: AgentConfig;
  readonly governance: AgentRuntimeValuesInput['governance'];
  /** Registry that takes the place of the one in the image reference. */
  readonly registry?: string | undefined;
}

/** What the chart `helm/agent-runtime` is given to run this agent; whatever is left out has its default in the chart. */
export function chartValues(input: ChartValuesInput): AgentRuntimeValuesInput {
  const { target, agent, governance } = input;
  return {
    identity: {
      runtimeId: target.runtimeId,
      runtimeName: target.runtimeName,
      tenantId: target.tenantId,
      project: target.project,
      environment: target.environment,
      operationId: input.operationId,
    },
    image: input.registry === undefined ? agent.image : inRegistry(agent.image, input.registry),
    framework: agent.framework,
    replicas: agent.replicas,
    autoscaling: autoscalingOf(agent),
    resources: agent.resources,
    env: agent.env.flatMap(variable => ('value' in variable ? [variable] : [])),
    secretEnv: agent.env.flatMap(variable =>
      'secret_ref' in variable
        ? [{ name: variable.name, secretName: variable.secret_ref.name, secretKey: variable.secret_ref.key }]
        : [],
    ),
    governance,
    networking: networkingValues(input),
    ...(agent.service_account === undefined
      ? {}
      : { serviceAccount: { annotations: agent.service_account.annotations } }),
    ...placementValues(input),
  };
}

/** The same image in another registry: `ghcr.io/team/agent:1` in `registry.example.com` is `registry.example.com/team/agent:1`. */
export function inRegistry(image: string, registry: string): string {
  const [first = '', ...rest] = image.split('/');
  // What tells a registry from a path: a dot, a port, or the name localhost (distribution/reference).
  const namesRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return `${registry}/${namesRegistry ? rest.join('/') : image}`;
}

/** Only what is not the chart's default, so that an agent without wishes has the values it always had. */
function placementValues({ agent, ...settings }: ChartValuesInput): Partial<AgentRuntimeValuesInput> {
  const { scheduling, podLabels, runtimeClassName, gpu } = placementOf(agent, settings);
  const isPlaced = settings.scheduling !== undefined || (agent.compliance ?? []).length > 0;
  return {
    ...(isPlaced && { scheduling }),
    ...(runtimeClassName && { runtimeClassName }),
    ...(gpu && { gpu }),
    ...(Object.keys(podLabels).length > 0 && { podLabels }),
  };
}

function autoscalingOf(agent: AgentConfig): AgentRuntimeValuesInput['autoscaling'] {
  const scaling = agent.auto_scaling;
  if (scaling === undefined) return null;
  return {
    minReplicas: scaling.min_replicas,
    maxReplicas: scaling.max_replicas,
    targetCPUUtilization: scaling.target_cpu_utilization,
    targetMemoryUtilization: scaling.target_memory_utilization,
  };
}

/** What policies allow (`target.egress`) is in place of the agent's own wish and of the installation's list. */
function networkingValues({
  target,
  agent,
  governance,
  restrictedEgress,
}: ChartValuesInput): NonNullable<AgentRuntimeValuesInput['networking']> {
  const { namespaces, cidrs } = reachable(Object.values(governance));
  const { dnsNamespaces, dnsCidrs } = restrictedEgress ?? {};
  const allowed = target.egress ?? restrictedEgress;
  return {
    egress: target.egress === undefined ? agent.egress : 'restricted',
    exposure: agent.exposure,
    egressAllowedNamespaces: unique([...namespaces, ...(allowed?.namespaces ?? [])]),
    egressAllowedCidrs: unique([...cidrs, ...(allowed?.cidrs ?? [])]),
    ...(dnsNamespaces && { dnsNamespaces }),
    ...(dnsCidrs && { dnsCidrs }),
  };
}

/**
 * What restricted egress must still let through, read from the governed endpoints: namespaces of services inside the
 * cluster (`name.namespace.svc…`) and single addresses. A name outside the cluster cannot be turned into a rule.
 */
function reachable(endpoints: readonly string[]): {
  readonly namespaces: readonly (string | undefined)[];
  readonly cidrs: readonly (string | undefined)[];
} {
  const hosts = endpoints.map(hostOf);
  return {
    namespaces: hosts.map(host => /^[^.]+\.([^.]+)\.svc(\.|$)/.exec(host)?.[1]),
    cidrs: hosts.map(host => {
      if (host.includes(':')) return `${host}/128`;
      return /^[0-9.]+$/.test(host) ? `${host}/32` : undefined;
    }),
  };
}

function hostOf(endpoint: string): string {
  const [, bracketed, plain] = /^https?:\/\/(?:\[([^\]]+)\]|([^:/]+))/.exec(endpoint) ?? [];
  return bracketed ?? plain ?? '';
}

function unique(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter(value => value !== undefined))].sort();
}
