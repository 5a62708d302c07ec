import type { AgentRuntimeValues } from '../../domain/chart-values.ts';

/** What an installation decides about its sandboxes. */
export interface SandboxSettings {
  /** Image of a sandbox whose spec names none; without it such a spec is refused. */
  readonly image?: string | undefined;
  /** RuntimeClass that stands for isolation `strong`; without it that is refused. */
  readonly strongRuntimeClass?: string | undefined;
  /** Where sandboxes run. */
  readonly scheduling?: Placement | undefined;
  /** Where a sandbox must run to fulfil a compliance word. */
  readonly compliance?: Readonly<Record<string, Placement>> | undefined;
  /** Of the volume at /data; the cluster's default class when left out. */
  readonly storageClass?: string | undefined;
  /** VolumeSnapshotClass; the cluster's default when left out. */
  readonly snapshotClass?: string | undefined;
  /** Where sandboxes with restricted egress may go. */
  readonly network: SandboxNetwork;
  /** How long a pod may find no node before that is believed. */
  readonly unschedulableSeconds: number;
}

export interface SandboxNetwork {
  /** Namespaces of the cluster's DNS. */
  readonly dnsNamespaces: readonly string[];
  /** DNS servers that are no pods. */
  readonly dnsCidrs: readonly string[];
  readonly egressNamespaces: readonly string[];
  readonly egressCidrs: readonly string[];
}

export type Placement = AgentRuntimeValues['scheduling'];

/** What holds where nothing else is said. */
export const SANDBOX_DEFAULTS: SandboxSettings = {
  network: { dnsNamespaces: ['kube-system'], dnsCidrs: [], egressNamespaces: [], egressCidrs: [] },
  unschedulableSeconds: 30,
};
