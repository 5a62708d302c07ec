import { nameOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Step } from '../../domain/change.ts';
import { type Gpu, gpuOf, refusePlacement, wishOf } from '../../domain/rules/placement.ts';
import { resourcesOf } from '../../domain/rules/sizes.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { AdapterFailure } from '../failure.ts';
import { allocatableOf } from '../placement.ts';
import { imageRequired, refuseReplicas } from '../refusals.ts';
import { imageOf } from './manifests.ts';
import { hasDataImporter } from './prerequisites.ts';
import type { VmSettings } from './settings.ts';

/** Throws what a machine cannot be, here or at all: nothing that was asked for is ignored. */
export async function refuseImpossible(
  kubernetes: KubernetesClient,
  step: Step,
  settings: VmSettings,
): Promise<void> {
  const { spec } = step.desired;
  refuseSpec(spec, settings);
  if (spec.vm?.disk) await refuseDisk(kubernetes);
  if (spec.vm?.cloud_init_secret) await refuseSecret(kubernetes, step, spec.vm.cloud_init_secret);
  const gpu = gpuOf(spec.resources?.gpu);
  if (gpu) await refuseGpu(kubernetes, gpu, settings);
}

/** Throws for what can be told from the spec and the settings alone. */
export function refuseSpec(spec: RuntimeSpec, settings: VmSettings): void {
  const { cpu, replicas } = resourcesOf('vm', spec);
  if (!Number.isInteger(cpu))
    throw new AdapterFailure('values_refused', `A virtual machine has whole CPUs, not ${cpu}.`, {
      nextStep: `Ask for ${Math.ceil(cpu)} (spec.resources.cpu).`,
    });
  refuseReplicas('A virtual machine', replicas);
  if (imageOf(spec, settings) === undefined) throw imageRequired(IMAGE);
  // A machine has its own kernel: strong by nature, so no RuntimeClass is asked for.
  const refusal = refusePlacement({ ...wishOf(spec, { isolation: 'basic' }), isolation: 'basic' }, settings);
  if (refusal) throw new AdapterFailure(refusal.code, refusal.message, refusal);
}

const IMAGE = { kind: 'virtual machines', field: 'vm.image', setting: 'RUNTIMEAI_VM_IMAGE' };

async function refuseDisk(kubernetes: KubernetesClient): Promise<void> {
  if (await hasDataImporter(kubernetes)) return;
  throw new AdapterFailure(
    'kind_unavailable',
    'A root disk of its own needs KubeVirt’s data importer (CDI).',
    {
      nextStep:
        'Install it (https://kubevirt.io/user-guide/storage/containerized_data_importer/), or leave disk out.',
    },
  );
}

async function refuseSecret(kubernetes: KubernetesClient, { target }: Step, name: string): Promise<void> {
  const reference = { apiVersion: 'v1', kind: 'Secret', namespace: target.namespace, name };
  if ((await kubernetes.get(reference)) !== undefined) return;
  throw new AdapterFailure(
    'object_gone',
    `${nameOf(reference)} (spec.vm.cloud_init_secret) does not exist.`,
    {
      nextStep: 'Make it with the key `userdata`, or leave cloud_init_secret out.',
    },
  );
}

async function refuseGpu(
  kubernetes: KubernetesClient,
  { count, model }: Gpu,
  { gpuDevices }: VmSettings,
): Promise<void> {
  const device = gpuDevices[model];
  if (device === undefined)
    throw new AdapterFailure('gpu_unavailable', `No device name is configured for GPU ${model}.`, {
      nextStep: `Known models: ${Object.keys(gpuDevices).join(', ') || 'none'}. RUNTIMEAI_VM_GPU_DEVICES names KubeVirt’s device of each.`,
    });
  const nodes = await kubernetes.list({ apiVersion: 'v1', kind: 'Node' });
  if (nodes.some(node => allocatableOf(node, device) >= count)) return;
  throw new AdapterFailure('gpu_unavailable', `No node has ${count} of ${device} to give to a machine.`, {
    nextStep: 'Permit the device in the KubeVirt resource (permittedHostDevices), or ask for fewer.',
  });
}
