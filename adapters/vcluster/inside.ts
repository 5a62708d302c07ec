import type { Scheduling } from '../../domain/chart-values.ts';
import { complianceOf, placementOf } from '../../domain/rules/placement.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { vclusterWish } from './refusals.ts';
import type { VClusterSettings } from './settings.ts';

/**
 * What vcluster forces upon every pod from inside on its way to the host: the RuntimeClass of strong isolation, and the
 * nodes that compliance asks for. It puts the labels of the selector on the pods although no nodes are synced
 * (pkg/controllers/resources/pods/syncer.go of v0.36.1). It cannot put labels on them.
 */
export function forcedInside(
  spec: RuntimeSpec,
  settings: VClusterSettings,
): Readonly<Record<string, unknown>> {
  const wish = vclusterWish(spec);
  const { runtimeClassName } = placementOf(wish, settings);
  const { nodeSelector, tolerations } = complianceOf(wish, settings);
  const isSelective = Object.keys(nodeSelector).length > 0;
  return {
    toHost: {
      pods: {
        ...(runtimeClassName === null ? {} : { runtimeClassName }),
        ...(tolerations.length > 0 ? { enforceTolerations: tolerations.flatMap(tolerationWords) } : {}),
      },
    },
    ...(isSelective ? { fromHost: { nodes: { selector: { labels: nodeSelector } } } } : {}),
  };
}

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** A toleration as vcluster reads it, `key=value:effect`; it knows neither a limit of time nor one for all effects. */
function tolerationWords({ key, operator, value = '', effect }: Scheduling['tolerations'][number]): string[] {
  if (key === undefined) return ['*'];
  const taint = operator === 'Exists' ? key : `${key}=${value}`;
  return (effect ? [effect] : EFFECTS).map(one => `${taint}:${one}`);
}
