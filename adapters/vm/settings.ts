import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { PlacementSettings } from '../../domain/rules/placement.ts';

/** What an installation says about its virtual machines. */
export interface VmSettings extends Pick<PlacementSettings, 'compliance' | 'restrictedEgress'> {
  /** Container disk of a machine whose spec names none. */
  readonly image?: string | undefined;
  /** Storage class of root disks; the cluster's default when left out. */
  readonly storageClass?: string | undefined;
  /** KubeVirt's device name (`permittedHostDevices`) of each GPU model, e.g. `{"A10": "nvidia.com/GA102GL_A10"}`. */
  readonly gpuDevices: Readonly<Record<string, string>>;
  /** How long a guest may take to shut down before it is ended. */
  readonly shutdownSeconds: number;
  /** How long a machine may say that it cannot start before that is believed. */
  readonly stuckSeconds: number;
  /** How long a snapshot may take (KubeVirt's `failureDeadline`). */
  readonly snapshotSeconds: number;
  /** How long the disks of a restore may take. */
  readonly restoreSeconds: number;
}

/** What holds where nothing else is said. */
export const VM_DEFAULTS: VmSettings = {
  gpuDevices: {},
  shutdownSeconds: 120,
  stuckSeconds: 60,
  snapshotSeconds: 300,
  restoreSeconds: 900,
};

/** What the adapter works with. */
export interface Tools {
  readonly kubernetes: KubernetesClient;
  readonly settings: VmSettings;
}
