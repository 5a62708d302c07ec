import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Releases } from '../releases.ts';
import type { VClusterSettings } from './settings.ts';

/** What the adapter works with. */
export interface Tools {
  readonly releases: Releases;
  readonly kubernetes: KubernetesClient;
  readonly settings: VClusterSettings;
}
