import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { PlacementSettings } from '../../domain/rules/placement.ts';

/** What an installation decides about its sandboxes. */
export interface SandboxSettings extends PlacementSettings {
  /** Image of a sandbox whose spec names none; without it such a spec is refused. */
  readonly image?: string | undefined;
  /** Of the volume at /data; the cluster's default class when left out. */
  readonly storageClass?: string | undefined;
  /** VolumeSnapshotClass; the cluster's default when left out. */
  readonly snapshotClass?: string | undefined;
  /** How long a pod may find no node before that is believed. */
  readonly unschedulableSeconds: number;
}

/** What holds where nothing else is said. */
export const SANDBOX_DEFAULTS: SandboxSettings = { unschedulableSeconds: 30 };

/** What the adapter works with. */
export interface Tools {
  readonly kubernetes: KubernetesClient;
  readonly settings: SandboxSettings;
}
