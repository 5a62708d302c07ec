import type { Releases } from '../../adapters/releases.ts';

/** A log nobody reads. */
export const silent = { info: () => undefined, warn: () => undefined };

/** Helm for adapters that use none. */
export const noReleases: Releases = {
  plan: noHelm,
  install: noHelm,
  rollback: noHelm,
  uninstall: noHelm,
  read: async () => undefined,
};

async function noHelm(): Promise<never> {
  throw new Error('this adapter was not expected to use Helm');
}
