/** What the stand-in reads and writes of the cluster's objects; everything else passes through it unseen. */
export interface Thing<Spec = object, Status = object> {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: Metadata;
  readonly spec: Spec;
  readonly status?: Status;
}

export interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
}

export interface Volume {
  readonly name: string;
  readonly containerDisk?: { readonly image: string };
  readonly dataVolume?: { readonly name: string };
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly cloudInitNoCloud?: object;
}

export interface InstanceSpec {
  readonly domain: {
    readonly devices: { readonly gpus?: readonly { readonly deviceName?: string }[] };
  } & Readonly<Record<string, unknown>>;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly terminationGracePeriodSeconds?: number;
  readonly volumes?: readonly Volume[];
}

export type Instance = Thing<
  InstanceSpec,
  {
    readonly phase?: string;
    readonly nodeName?: string;
    readonly conditions?: readonly Condition[];
    readonly migrationState?: {
      readonly startTimestamp?: string;
      readonly endTimestamp?: string | null;
    } | null;
  }
>;

export interface MachineSpec {
  readonly runStrategy?: string;
  readonly instancetype?: { readonly name: string; readonly kind?: string; readonly revisionName?: string };
  readonly template: { readonly metadata?: Partial<Metadata>; readonly spec: InstanceSpec };
  readonly dataVolumeTemplates?: readonly {
    readonly metadata: Partial<Metadata>;
    readonly spec: DataVolumeSpec;
  }[];
}

export interface MachineStatus {
  readonly printableStatus?: string;
  readonly conditions?: readonly Condition[];
  readonly restoreInProgress?: string | null;
  /** What was acted upon last. */
  readonly runStrategy?: string;
  readonly desiredGeneration?: number;
  readonly startFailure?: {
    readonly consecutiveFailCount: number;
    readonly retryAfterTimestamp: string;
  } | null;
}

export type Machine = Thing<MachineSpec, MachineStatus>;

export interface DataVolumeSpec {
  readonly source?: { readonly registry?: { readonly url: string } };
  readonly storage?: {
    readonly storageClassName?: string;
    readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
  };
}

export type DataVolume = Thing<DataVolumeSpec, { readonly phase?: string }>;

export interface InstancetypeSpec {
  readonly cpu: { readonly guest: number };
  readonly memory: { readonly guest: string };
  readonly gpus?: readonly { readonly name: string; readonly deviceName?: string }[];
}

export type Pod = Thing<
  { readonly nodeName?: string },
  { readonly phase?: string; readonly conditions?: readonly Condition[] }
>;

export type Migration = Thing<
  { readonly vmiName: string; readonly addedNodeSelector?: Readonly<Record<string, string>> },
  { readonly phase?: string }
>;

export type Snapshot = Thing<
  { readonly source: { readonly kind: string; readonly name: string }; readonly failureDeadline?: string },
  {
    readonly phase?: string;
    readonly readyToUse?: boolean;
    readonly virtualMachineSnapshotContentName?: string;
  }
>;

export type SnapshotContent = Thing<{
  readonly source: {
    readonly virtualMachine: { readonly metadata: Partial<Metadata>; readonly spec: MachineSpec };
  };
  readonly volumeBackups?: readonly {
    readonly volumeName: string;
    readonly volumeSnapshotName: string;
    readonly persistentVolumeClaim: { readonly metadata: Partial<Metadata>; readonly spec: object };
  }[];
}>;

export type Restore = Thing<
  {
    readonly target: { readonly name: string };
    readonly virtualMachineSnapshotName: string;
    readonly targetReadinessPolicy?: string;
    readonly volumeRestorePolicy?: string;
  },
  {
    readonly complete?: boolean;
    readonly conditions?: readonly Condition[];
    readonly restores?: readonly object[];
  }
>;

/** The owner reference of what the controller of an object makes. */
export function ownedBy(owner: { readonly metadata: Metadata }, apiVersion: string, kind: string): object {
  const { name, uid } = owner.metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}
