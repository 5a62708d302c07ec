import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Step } from '../../domain/change.ts';
import { type PlacementWish, wishOf } from '../../domain/rules/placement.ts';
import { resourcesOf } from '../../domain/rules/sizes.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { AdapterFailure } from '../failure.ts';
import { refuseUnplaceable } from '../placement.ts';
import { placeOf } from './names.ts';
import type { Tools } from './settings.ts';
import type { BackingStore } from './values.ts';

/** Throws what a virtual cluster cannot be, here or at all: nothing that was asked for is ignored. */
export async function refuseImpossible(
  {
    kubernetes,
    settings,
  }: Pick<Tools, 'settings'> & { readonly kubernetes: Pick<KubernetesClient, 'get' | 'list'> },
  { desired: { spec } }: Step,
): Promise<void> {
  if (spec.resources?.gpu)
    throw new AdapterFailure(
      'gpu_unavailable',
      `A vcluster cannot be given the GPU ${spec.resources.gpu}: its control plane uses none.`,
      {
        nextStep: 'Leave `resources.gpu` out and request the GPU in the workload inside the virtual cluster.',
      },
    );
  await refuseUnplaceable(kubernetes, vclusterWish(spec), settings);
}

/** What a virtual cluster asks of its place: an ordinary one, unless it says otherwise. */
export function vclusterWish(spec: RuntimeSpec): PlacementWish {
  return wishOf(spec, { isolation: 'basic' });
}

/** Throws when what is there cannot become what is wanted. */
export function refuseOtherStore(step: Step, store: BackingStore): void {
  const { replicas } = resourcesOf('vcluster', step.desired.spec);
  if (store.kind === 'embedded' && replicas > 1)
    throw new AdapterFailure(
      'change_impossible',
      `${placeOf(step.target)} cannot have ${replicas} replicas: it was made with the embedded database, which serves one, and vcluster cannot change its backing store.`,
      {
        nextStep:
          'Scale with `resources.replicas: 1`, or create a new vcluster with several replicas from the start.',
      },
    );
  const storage = (desired: Step['desired'] | null) => desired?.spec.vcluster?.storage ?? '5Gi';
  if (step.before !== null && storage(step.before) !== storage(step.desired))
    throw new AdapterFailure(
      'change_impossible',
      `The volume of ${placeOf(step.target)} cannot go from ${storage(step.before)} to ${storage(step.desired)}: a StatefulSet keeps its volume claims for life.`,
      {
        nextStep: 'Leave `vcluster.storage` as it was, or create a new vcluster.',
      },
    );
}
