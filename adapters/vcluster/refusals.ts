import type { Step } from '../../domain/change.ts';
import { resourcesOf } from '../../domain/rules/sizes.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { AdapterFailure } from '../failure.ts';
import { placeOf } from './names.ts';
import type { Placement, VClusterSettings } from './settings.ts';
import type { BackingStore } from './values.ts';

/** Throws what a virtual cluster cannot be, whatever is in the cluster: nothing that was asked for is ignored. */
export function refuseImpossible({ desired: { spec } }: Step, settings: VClusterSettings): void {
  if (spec.resources?.gpu)
    throw new AdapterFailure(
      'gpu_unavailable',
      `A vcluster cannot be given the GPU ${spec.resources.gpu}: its control plane uses none.`,
      {
        nextStep: 'Leave `resources.gpu` out and request the GPU in the workload inside the virtual cluster.',
      },
    );
  if (spec.networking?.exposure === 'public')
    throw new AdapterFailure(
      'exposure_unavailable',
      'The API of a vcluster cannot be made public: no way into the cluster is configured for it.',
      {
        nextStep:
          'Ask for `internal` or `private`; reach it through `kubectl port-forward` or a gateway of your own.',
      },
    );
  if (spec.security?.isolation === 'strong' && settings.strongRuntimeClass === undefined)
    throw new AdapterFailure(
      'isolation_unavailable',
      'Isolation `strong` needs a RuntimeClass, and none is configured.',
      {
        nextStep:
          'Set RUNTIMEAI_STRONG_RUNTIME_CLASS to a RuntimeClass of the cluster (gVisor, Kata), or ask for isolation `basic`.',
      },
    );
  placementOf(spec, settings);
}

/** Where the control plane may run: the installation's own placement and that of every compliance word. */
export function placementOf(spec: RuntimeSpec, settings: VClusterSettings): Placement {
  const words = spec.security?.compliance ?? [];
  const placements = words.map(word => {
    const placement = settings.compliance?.[word];
    if (placement !== undefined) return placement;
    const known = Object.keys(settings.compliance ?? {});
    throw new AdapterFailure(
      'compliance_unavailable',
      `Nothing is known of the compliance \`${word}\`; known: ${known.join(', ') || 'none'}.`,
      {
        nextStep: 'Leave the word out, or name the nodes that fulfil it in RUNTIMEAI_COMPLIANCE.',
      },
    );
  });
  const all = [...(settings.scheduling ? [settings.scheduling] : []), ...placements];
  return {
    nodeSelector: Object.assign({}, ...all.map(placement => placement.nodeSelector)),
    tolerations: all.flatMap(placement => placement.tolerations),
  };
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
