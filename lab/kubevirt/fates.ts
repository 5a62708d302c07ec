import type { DataVolume, InstanceSpec } from './objects.ts';

/**
 * What becomes of a simulated machine, by the end of its image's tag, as with the sample agent. The words `never-ready`,
 * `slow-start-Ns` and `crashes-after-Ns` are those of simulated pods (lab/kwok-stages.yaml), for the machine's pod.
 */
export const FATES = {
  /** The guest ends as soon as it starts, again and again. */
  neverBoots: 'never-boots',
  /** The registry has no such image. */
  noSuchImage: 'no-such-image',
  /** The import into a disk of its own fails. */
  importFails: 'import-fails',
  /** A guest agent answers, so that snapshots can quiesce the file systems. */
  guestAgent: 'guest-agent',
  notMigratable: 'not-migratable',
  migrationFails: 'migration-fails',
  snapshotFails: 'snapshot-fails',
} as const;

export type Fate = keyof typeof FATES;

/** Whether the image of a machine's root disk asks for this fate. */
export function has(fate: Fate, image: string): boolean {
  return image.endsWith(`-${FATES[fate]}`);
}

/** The image a machine boots from: its container disk, or what its DataVolume was imported from. */
export function imageOf(spec: InstanceSpec, dataVolumes: readonly DataVolume[]): string {
  for (const { containerDisk, dataVolume } of spec.volumes ?? []) {
    if (containerDisk) return containerDisk.image;
    const source = dataVolumes.find(({ metadata }) => metadata.name === dataVolume?.name);
    if (source) return source.spec.source?.registry?.url.replace(/^docker:\/\//, '') ?? '';
  }
  return '';
}
