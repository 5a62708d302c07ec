import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { ChartValuesInput } from '../../domain/rules/chart-values.ts';
import type { PlacementSettings } from '../../domain/rules/placement.ts';
import type { Releases } from '../releases.ts';

/** What an installation decides about its agents. */
export interface AgentRuntimeSettings extends PlacementSettings {
  /** Folder of the chart that deploys an agent. */
  readonly chart: string;
  /** The five governed endpoints; nothing is planned or applied while they are missing. */
  readonly governance: ChartValuesInput['governance'] | undefined;
  /** Registry that takes the place of the one in the image reference. */
  readonly registry?: string | undefined;
}

/** What the adapter works with. */
export interface Tools {
  readonly releases: Releases;
  readonly kubernetes: KubernetesClient;
  readonly settings: AgentRuntimeSettings;
}
