import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { PlacementSettings } from '../../domain/rules/placement.ts';
import type { Releases } from '../releases.ts';

/** What an installation decides about its virtual clusters. */
export interface VClusterSettings extends PlacementSettings {
  /** Folder of the vcluster chart (it holds Chart.yaml), made for v0.36. */
  readonly chart: string;
  /** The control plane's image, with its tag. */
  readonly image: string;
  /** Registry every image of the chart comes from instead of its own, e.g. of a closed network. */
  readonly registry?: string | undefined;
  /** Of the volume of the backing store; the cluster's default class when left out. */
  readonly storageClass?: string | undefined;
  /** Where snapshots lie: `s3://bucket/prefix`, `oci://registry/repository`, `https://….blob.core.windows.net/…`, `container:///data/…`. */
  readonly snapshotUrl?: string | undefined;
}

/** What holds where nothing else is said; the image is the release of vcluster that is all open source. */
export const VCLUSTER_DEFAULTS: VClusterSettings = {
  chart: '',
  image: 'ghcr.io/loft-sh/vcluster-oss:0.36.1',
};

/** What the adapter works with. */
export interface Tools {
  readonly releases: Releases;
  readonly kubernetes: KubernetesClient;
  readonly settings: VClusterSettings;
}
