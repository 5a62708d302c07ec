import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Step } from '../../domain/change.ts';
import { resourcesOf } from '../../domain/rules/sizes.ts';
import { AdapterFailure } from '../failure.ts';
import { refuseUnplaceable } from '../placement.ts';
import { imageRequired, refuseReplicas } from '../refusals.ts';
import { isPooled } from './manifests.ts';
import { sandboxWish } from './pod-spec.ts';
import type { SandboxSettings } from './settings.ts';

/** Throws what the wanted sandbox cannot be, here or at all: nothing that was asked for is ignored. */
export async function refuseImpossible(
  kubernetes: Pick<KubernetesClient, 'get' | 'list'>,
  step: Step,
  settings: SandboxSettings,
): Promise<void> {
  const { spec } = step.desired;
  refuseReplicas('A sandbox', resourcesOf('sandbox', spec).replicas);
  if (!(spec.sandbox?.image ?? settings.image)) throw imageRequired(IMAGE);
  refuseOtherShape(step);
  await refuseUnplaceable(kubernetes, sandboxWish(spec), settings);
}

const IMAGE = { kind: 'sandboxes', field: 'sandbox.image', setting: 'RUNTIMEAI_SANDBOX_IMAGE' };

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
