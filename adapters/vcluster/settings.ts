import type { AgentRuntimeValues } from '../../domain/chart-values.ts';

/** What an installation decides about its virtual clusters. */
export interface VClusterSettings {
  /** Folder of the vcluster chart (it holds Chart.yaml), made for v0.36. */
  readonly chart: string;
  /** The control plane's image, with its tag. */
  readonly image: string;
  /** Registry every image of the chart comes from instead of its own, e.g. of a closed network. */
  readonly registry?: string | undefined;
  /** Of the volume of the backing store; the cluster's default class when left out. */
  readonly storageClass?: string | undefined;
  /** Where control planes run. */
  readonly scheduling?: Placement | undefined;
  /** RuntimeClass that stands for isolation `strong`; without it that is refused. */
  readonly strongRuntimeClass?: string | undefined;
  /** Where a control plane must run to fulfil a compliance word. */
  readonly compliance?: Readonly<Record<string, Placement>> | undefined;
  /** Where snapshots lie: `s3://bucket/prefix`, `oci://registry/repository`, `https://….blob.core.windows.net/…`, `container:///data/…`. */
  readonly snapshotUrl?: string | undefined;
}

/** Which nodes a pod may go to. */
export type Placement = AgentRuntimeValues['scheduling'];

/** What holds where nothing else is said; the image is the release of vcluster that is all open source. */
export const VCLUSTER_DEFAULTS: VClusterSettings = {
  chart: '',
  image: 'ghcr.io/loft-sh/vcluster-oss:0.36.1',
};
