import type { Condition, DataVolume, Instance, Machine } from './objects.ts';

interface Seen {
  readonly machine: Machine;
  readonly instance: Instance | undefined;
  /** Of the machine's namespace. */
  readonly dataVolumes: readonly DataVolume[];
  readonly startFailing: boolean;
}

/** KubeVirt's word for how a machine is; of several that fit, the first in KubeVirt's own order. */
export function printableStatus(seen: Seen): string {
  const { machine, instance } = seen;
  const isOn = machine.spec.runStrategy === 'Always';
  const phase = instance?.status?.phase;
  if (instance && !isFinal(instance) && (instance.metadata.deletionTimestamp || !isOn)) return 'Stopping';
  if (isMigrating(instance)) return 'Migrating';
  if (phase === 'Running') return 'Running';
  if (said(instance, 'Synchronized')?.reason === 'FailedPvcNotFound') return 'ErrorPvcNotFound';
  if (phasesOfDisks(seen).includes('Failed')) return 'DataVolumeError';
  if (said(instance, 'PodScheduled')?.reason === 'Unschedulable') return 'ErrorUnschedulable';
  if (phasesOfDisks(seen).some(disk => disk !== 'Succeeded')) return 'Provisioning';
  if (said(instance, 'Synchronized')?.reason === 'ErrImagePull') return 'ErrImagePull';
  if (said(instance, 'Synchronized')?.reason === 'ImagePullBackOff') return 'ImagePullBackOff';
  if (seen.startFailing && (!instance || isFinal(instance))) return 'CrashLoopBackOff';
  return isOn ? 'Starting' : 'Stopped';
}

function isFinal(instance: Instance): boolean {
  return instance.status?.phase === 'Failed' || instance.status?.phase === 'Succeeded';
}

function isMigrating(instance: Instance | undefined): boolean {
  const migration = instance?.status?.migrationState;
  return Boolean(migration?.startTimestamp && !migration.endTimestamp);
}

function said(instance: Instance | undefined, type: string): Condition | undefined {
  return instance?.status?.conditions?.find(
    condition => condition.type === type && condition.status === 'False',
  );
}

function phasesOfDisks({ machine, dataVolumes }: Seen): readonly string[] {
  const names = (machine.spec.template.spec.volumes ?? []).flatMap(
    ({ dataVolume }) => dataVolume?.name ?? [],
  );
  return names.map(
    name => dataVolumes.find(({ metadata }) => metadata.name === name)?.status?.phase ?? 'Pending',
  );
}
