import type { RuntimeTarget } from '../../domain/change.ts';
import { VCLUSTER_POD_LABEL } from '../../domain/rules/network-rules.ts';

/** Labels and annotations of vcluster itself (pkg/constants of v0.36.1), so that its own tools agree with us. */
export const PAUSED = 'loft.sh/paused';
export const RESTORING = 'loft.sh/restoring';
export const PAUSED_REPLICAS = 'loft.sh/paused-replicas';
export const PAUSED_DATE = 'loft.sh/paused-date';
export const MANAGED_BY = VCLUSTER_POD_LABEL;
export const SNAPSHOT_REQUEST = 'vcluster.loft.sh/snapshot-request';
export const VCLUSTER_NAME = 'vcluster.loft.sh/vcluster-name';
export const VCLUSTER_NAMESPACE = 'vcluster.loft.sh/vcluster-namespace';
export const SNAPSHOT_POD_APP = 'vcluster-snapshot';

/** On a workload that Helm last rendered with 0 replicas because it was stopped: a start must render it again. */
export const RENDERED_STOPPED = 'runtimeai.dev/rendered-stopped';
/** On the control plane: the step whose restore has ended, so that it is not done twice. */
export const RESTORED_BY = 'runtimeai.dev/restored-by';

/** The runtime in words, as messages name it. */
export function placeOf(target: RuntimeTarget): string {
  return `vcluster ${target.namespace}/${target.release}`;
}
