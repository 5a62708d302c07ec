import { fieldsOf, type KubernetesObject } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { AgentConfig } from '../../domain/agent-config.ts';
import { gpuOf, type PlacementSettings, refusePlacement } from '../../domain/rules/agent-placement.ts';
import { AdapterFailure } from '../failure.ts';

/** Throws what of an agent cannot be, here or in this cluster: nothing that was asked for is ignored. */
export async function refuseImpossible(
  kubernetes: Pick<KubernetesClient, 'get' | 'list'>,
  agent: AgentConfig,
  settings: PlacementSettings,
): Promise<void> {
  const refusal = refusePlacement(agent, settings);
  if (refusal) throw new AdapterFailure(refusal.code, refusal.message, refusal);
  await refuseAbsentClass(kubernetes, agent, settings);
  await refuseAbsentGpu(kubernetes, agent);
}

async function refuseAbsentClass(
  kubernetes: Pick<KubernetesClient, 'get'>,
  { isolation }: AgentConfig,
  { strongRuntimeClass: name }: PlacementSettings,
): Promise<void> {
  if (isolation !== 'strong' || name === undefined) return;
  if (await kubernetes.get({ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', name })) return;
  throw new AdapterFailure(
    'isolation_unavailable',
    `Isolation \`strong\` is configured as the RuntimeClass ${name}, which the cluster does not have.`,
    { nextStep: 'Install it, correct RUNTIMEAI_STRONG_RUNTIME_CLASS, or ask for isolation `basic`.' },
  );
}

const GPU_MODEL_LABEL = 'nvidia.com/gpu.product';

async function refuseAbsentGpu(
  kubernetes: Pick<KubernetesClient, 'list'>,
  agent: AgentConfig,
): Promise<void> {
  const gpu = gpuOf(agent.gpu);
  if (gpu === null) return;
  const nodes = await kubernetes.list({ apiVersion: 'v1', kind: 'Node' });
  if (nodes.some(node => modelOf(node) === gpu.model && gpusOf(node) >= gpu.count)) return;
  const models = [...new Set(nodes.flatMap(node => modelOf(node) ?? []))];
  throw new AdapterFailure(
    'gpu_unavailable',
    `No node has ${gpu.count} GPU of model ${gpu.model}; models there are: ${models.join(', ') || 'none'}.`,
    { nextStep: 'Ask for a model and number that one node has, or leave `gpu` out.' },
  );
}

function modelOf({ metadata }: KubernetesObject): string | undefined {
  return metadata.labels?.[GPU_MODEL_LABEL];
}

function gpusOf({ status }: KubernetesObject): number {
  return Number(fieldsOf(fieldsOf(status)['allocatable'])['nvidia.com/gpu'] ?? 0);
}
