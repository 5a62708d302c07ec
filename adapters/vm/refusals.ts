import { nameOf, numberOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Step } from '../../domain/change.ts';
import { resourcesOf } from '../../domain/rules/sizes.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { AdapterFailure } from '../failure.ts';
import { statusOf } from './conditions.ts';
import { imageOf, parseGpu } from './manifests.ts';
import { hasDataImporter } from './prerequisites.ts';
import type { VmSettings } from './settings.ts';

/**
 * Throws for what a machine cannot be. Isolation needs no look: a virtual machine has its own kernel, so it is strong
 * by nature, and a wish for basic isolation gets more than it asked for.
 */
export async function refuseImpossible(
  kubernetes: KubernetesClient,
  step: Step,
  settings: VmSettings,
): Promise<void> {
  const { spec } = step.desired;
  refuseSpec(spec, settings);
  if (spec.vm?.disk) await refuseDisk(kubernetes);
  if (spec.vm?.cloud_init_secret) await refuseSecret(kubernetes, step, spec.vm.cloud_init_secret);
  if (spec.resources?.gpu) await refuseGpu(kubernetes, spec.resources.gpu, settings);
}

/** Throws for what can be told from the spec and the settings alone. */
export function refuseSpec(spec: RuntimeSpec, settings: VmSettings): void {
  const { cpu, replicas } = resourcesOf('vm', spec);
  if (!Number.isInteger(cpu))
    throw new AdapterFailure('change_impossible', `A virtual machine has whole CPUs, not ${cpu}.`, {
      nextStep: `Ask for ${Math.ceil(cpu)} (spec.resources.cpu).`,
    });
  if (replicas !== 1)
    throw new AdapterFailure('change_impossible', `A virtual machine is one machine, not ${replicas}.`, {
      nextStep: 'Create further runtimes, or stop this one instead of scaling it to 0.',
    });
  if (spec.networking?.exposure === 'public')
    throw new AdapterFailure('exposure_unavailable', 'A virtual machine cannot be exposed to the public.', {
      nextStep: 'Choose private or internal, and put a gateway of yours in front of it.',
    });
  if (imageOf(spec, settings) === undefined)
    throw new AdapterFailure('image_required', 'No image was named, and this installation has no default.', {
      nextStep: 'Set spec.vm.image to a container disk, or RUNTIMEAI_VM_IMAGE.',
    });
  refuseCompliance(spec, settings);
}

function refuseCompliance(spec: RuntimeSpec, { compliance }: VmSettings): void {
  const known = Object.keys(compliance);
  const unknown = (spec.security?.compliance ?? []).filter(word => !known.includes(word));
  if (unknown.length === 0) return;
  const words = known.length === 0 ? 'none' : known.join(', ');
  throw new AdapterFailure(
    'compliance_unavailable',
    `No nodes are known for compliance ${unknown.join(', ')}.`,
    {
      nextStep: `Known words: ${words}. The operator of this installation says which nodes each word means.`,
    },
  );
}

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
  wish: string,
  { gpuDevices }: VmSettings,
): Promise<void> {
  const { count, model } = parseGpu(wish);
  const device = gpuDevices[model];
  if (device === undefined)
    throw new AdapterFailure('gpu_unavailable', `No device name is configured for GPU ${model}.`, {
      nextStep: `Known models: ${Object.keys(gpuDevices).join(', ') || 'none'}. RUNTIMEAI_VM_GPU_DEVICES names KubeVirt’s device of each.`,
    });
  const nodes = await kubernetes.list({ apiVersion: 'v1', kind: 'Node' });
  if (nodes.some(node => allocatable(statusOf(node), device) >= count)) return;
  throw new AdapterFailure('gpu_unavailable', `No node has ${count} of ${device} to give to a machine.`, {
    nextStep: 'Permit the device in the KubeVirt resource (permittedHostDevices), or ask for fewer.',
  });
}

function allocatable(status: Readonly<Record<string, unknown>>, device: string): number {
  const all = status['allocatable'];
  const amount =
    typeof all === 'object' && all !== null ? (all as Record<string, unknown>)[device] : undefined;
  return typeof amount === 'string' ? Number(amount) : numberOf(amount);
}
