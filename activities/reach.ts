import type { ReleaseTarget } from '../domain/deployment.ts';
import type { PolicyVerdict } from '../domain/policy.ts';

/** Where a verdict lets a runtime reach, as its target carries it; nothing when no data_egress rule is about it. */
export function reachOf({ obligations: { egress } }: PolicyVerdict): ReleaseTarget['egress'] {
  return egress ? { cidrs: egress.cidrs, namespaces: egress.namespaces } : undefined;
}
