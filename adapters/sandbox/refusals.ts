import { fieldsOf, numberOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Step } from '../../domain/change.ts';
import { resourcesOf } from '../../domain/rules/sizes.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { AdapterFailure } from '../failure.ts';
import { isPooled } from './manifests.ts';
import { GPU_MODEL_LABEL, gpuOf, placementOf } from './placement.ts';
import { isStrong } from './pod-spec.ts';
import type { SandboxSettings } from './settings.ts';

/** Throws what the wanted sandbox cannot be, here or at all: nothing that was asked for is ignored. */
export async function refuseImpossible(
  kubernetes: Pick<KubernetesClient, 'get' | 'list'>,
  step: Step,
  settings: SandboxSettings,
): Promise<void> {
  const { spec } = step.desired;
  refuseReplicas(spec);
  refusePublic(spec);
  refuseWithoutImage(spec, settings);
  refuseOtherShape(step);
  placementOf(spec, settings);
  await refuseIsolation(kubernetes, spec, settings);
  await refuseGpu(kubernetes, spec);
}

function refuseReplicas(spec: RuntimeSpec): void {
  const { replicas } = resourcesOf('sandbox', spec);
  if (replicas === 1) return;
  throw new AdapterFailure(
    'values_refused',
    `A sandbox is one machine; ${replicas} replicas were asked for.`,
    {
      nextStep:
        'Leave `resources.replicas` out and scale by `size`, `cpu` or `memory`; stop it to have none, create more sandboxes to have several.',
    },
  );
}

function refusePublic({ networking }: RuntimeSpec): void {
  if (networking?.exposure !== 'public') return;
  throw new AdapterFailure(
    'exposure_unavailable',
    'A sandbox cannot be made public: agent-sandbox has no way in from outside of the cluster.',
    { nextStep: 'Ask for `internal` or `private`, and put a gateway of yours in front of it.' },
  );
}

function refuseWithoutImage({ sandbox }: RuntimeSpec, { image }: SandboxSettings): void {
  if (sandbox?.image ?? image) return;
  throw new AdapterFailure(
    'image_required',
    'The spec names no image, and no image for sandboxes is configured.',
    {
      nextStep: 'Name one in `sandbox.image`, or set RUNTIMEAI_SANDBOX_IMAGE.',
    },
  );
}

function refuseOtherShape({ before, desired }: Step): void {
  if (before === null) return;
  const storage = ({ spec }: typeof desired) => spec.sandbox?.storage ?? 'none';
  if (isPooled(before) === isPooled(desired) && storage(before) === storage(desired)) return;
  throw new AdapterFailure(
    'change_impossible',
    `A sandbox keeps its volume and its way of being made for life: volume ${storage(before)}, ` +
      `${isPooled(before) ? 'with' : 'without'} a warm pool; asked for volume ${storage(desired)}, ${isPooled(desired) ? 'with' : 'without'} one.`,
    { nextStep: 'Create a new sandbox with what is wanted, and delete this one.' },
  );
}

async function refuseIsolation(
  kubernetes: Pick<KubernetesClient, 'get'>,
  spec: RuntimeSpec,
  { strongRuntimeClass: name }: SandboxSettings,
): Promise<void> {
  if (!isStrong(spec)) return;
  const nextStep =
    'Install gVisor or Kata with its RuntimeClass and name that in RUNTIMEAI_STRONG_RUNTIME_CLASS, or ask for `security.isolation: basic`.';
  if (name === undefined)
    throw new AdapterFailure(
      'isolation_unavailable',
      'A sandbox is strongly isolated unless asked otherwise; that needs a RuntimeClass, and none is configured.',
      { nextStep },
    );
  if (await kubernetes.get({ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', name })) return;
  throw new AdapterFailure(
    'isolation_unavailable',
    `Isolation \`strong\` is configured as the RuntimeClass ${name}, which the cluster does not have.`,
    { nextStep },
  );
}

async function refuseGpu(kubernetes: Pick<KubernetesClient, 'list'>, spec: RuntimeSpec): Promise<void> {
  const gpu = gpuOf(spec);
  if (!gpu) return;
  const nodes = await kubernetes.list({ apiVersion: 'v1', kind: 'Node' });
  const fits = nodes.some(({ metadata, status }) => {
    const allocatable = fieldsOf(fieldsOf(status)['allocatable'])['nvidia.com/gpu'];
    return metadata.labels?.[GPU_MODEL_LABEL] === gpu.model && countOf(allocatable) >= gpu.count;
  });
  if (fits) return;
  const models = [...new Set(nodes.flatMap(({ metadata }) => metadata.labels?.[GPU_MODEL_LABEL] ?? []))];
  throw new AdapterFailure(
    'gpu_unavailable',
    `No node has ${gpu.count} GPU of model ${gpu.model}; models there are: ${models.join(', ') || 'none'}.`,
    { nextStep: 'Ask for a model and number that one node has, or leave `resources.gpu` out.' },
  );
}

function countOf(quantity: unknown): number {
  return typeof quantity === 'string' ? Number(quantity) : numberOf(quantity);
}
