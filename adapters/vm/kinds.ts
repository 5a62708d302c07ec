import type { KindReference, ObjectReference } from '../../clients/kubernetes/objects.ts';
import type { RuntimeTarget, Step } from '../../domain/change.ts';
import { asNamePart, markOf } from '../../domain/rules/marks.ts';

const CORE = 'kubevirt.io/v1';
const SNAPSHOTS = 'snapshot.kubevirt.io/v1beta1';

/** KubeVirt's kinds as of v1.9.0, with those of its data importer and of Kubernetes that a machine has. */
export const KINDS = {
  machine: { apiVersion: CORE, kind: 'VirtualMachine' },
  instance: { apiVersion: CORE, kind: 'VirtualMachineInstance' },
  migration: { apiVersion: CORE, kind: 'VirtualMachineInstanceMigration' },
  instancetype: { apiVersion: 'instancetype.kubevirt.io/v1beta1', kind: 'VirtualMachineInstancetype' },
  snapshot: { apiVersion: SNAPSHOTS, kind: 'VirtualMachineSnapshot' },
  restore: { apiVersion: SNAPSHOTS, kind: 'VirtualMachineRestore' },
  dataVolume: { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume' },
  claim: { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
  networkPolicy: { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  pod: { apiVersion: 'v1', kind: 'Pod' },
} as const satisfies Readonly<Record<string, KindReference>>;

export type VmKind = keyof typeof KINDS;

/** The object of a kind beside the machine, by its own name, or the one that is called like the machine. */
export function referenceTo(kind: VmKind, target: RuntimeTarget, name = target.release): ObjectReference {
  return { ...KINDS[kind], namespace: target.namespace, name };
}

/** How KubeVirt's own objects refer to the machine. */
export function machineReference(target: RuntimeTarget) {
  return { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: target.release };
}

/** Name of what a step makes once, e.g. a migration: the same for every attempt. */
export function stepName(step: Step): string {
  return `${step.target.release}-${asNamePart(markOf(step))}`;
}

/** Name of a snapshot's object. */
export function snapshotName(target: RuntimeTarget, id: string): string {
  return `${target.release}-${asNamePart(id)}`;
}

/** Name of the root disk: of the DataVolume and of its claim. */
export function rootDiskName(target: RuntimeTarget): string {
  return `${target.release}-root`;
}
