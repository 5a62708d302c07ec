import { readdirSync, readFileSync } from 'node:fs';
import type { ReleaseKey } from './releases.ts';

/** The process of the Helm that changes this release right now. */
export function helmAtWorkOn({ namespace, release }: ReleaseKey): number {
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    const argv = commandLine(pid);
    const isChange = argv.includes('upgrade') || argv.includes('rollback');
    if (isChange && argv.includes(namespace) && argv.includes(release)) return Number(pid);
  }
  throw new Error(`no Helm works on ${namespace}/${release}`);
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch (error) {
    // It ended between the listing and the reading.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
