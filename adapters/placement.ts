import { fieldsOf, type KubernetesObject } from '../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../clients/kubernetes/requests.ts';
import {
  type Gpu,
  gpuOf,
  type PlacementSettings,
  type PlacementWish,
  refusePlacement,
} from '../domain/rules/placement.ts';
import { AdapterFailure } from './failure.ts';

type Cluster = Pick<KubernetesClient, 'get' | 'list'>;

/** Node label by which the GPU operator tells the model, and the resource it offers. */
export const GPU_MODEL_LABEL = 'nvidia.com/gpu.product';
export const GPU_RESOURCE = 'nvidia.com/gpu';

/** Throws what of a wish this installation or this cluster cannot do: nothing that was asked for is ignored. */
export async function refuseUnplaceable(
  kubernetes: Cluster,
  wish: PlacementWish,
  settings: PlacementSettings,
): Promise<void> {
  const refusal = refusePlacement(wish, settings);
  if (refusal) throw new AdapterFailure(refusal.code, refusal.message, refusal);
  if (wish.isolation === 'strong') await refuseAbsentClass(kubernetes, settings);
  const gpu = gpuOf(wish.gpu);
  if (gpu) await refuseAbsentGpu(kubernetes, gpu);
}

async function refuseAbsentClass(
  kubernetes: Cluster,
  { strongRuntimeClass: name }: PlacementSettings,
): Promise<void> {
  if (name === undefined) return;
  if (await kubernetes.get({ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', name })) return;
  throw new AdapterFailure(
    'isolation_unavailable',
    `Isolation \`strong\` is configured as the RuntimeClass ${name}, which the cluster does not have.`,
    { nextStep: 'Install it, correct RUNTIMEAI_STRONG_RUNTIME_CLASS, or ask for isolation `basic`.' },
  );
}

async function refuseAbsentGpu(kubernetes: Cluster, { count, model }: Gpu): Promise<void> {
  const nodes = await kubernetes.list({ apiVersion: 'v1', kind: 'Node' });
  if (nodes.some(node => modelOf(node) === model && allocatableOf(node, GPU_RESOURCE) >= count)) return;
  const models = [...new Set(nodes.flatMap(node => modelOf(node) ?? []))];
  throw new AdapterFailure(
    'gpu_unavailable',
    `No node has ${count} GPU of model ${model}; models there are: ${models.join(', ') || 'none'}.`,
    { nextStep: 'Ask for a model and number that one node has, or leave `gpu` out.' },
  );
}

/** How many of a device a node has to give. */
export function allocatableOf({ status }: KubernetesObject, device: string): number {
  return Number(fieldsOf(fieldsOf(status)['allocatable'])[device] ?? 0);
}

function modelOf({ metadata }: KubernetesObject): string | undefined {
  return metadata.labels?.[GPU_MODEL_LABEL];
}
