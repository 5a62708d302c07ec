import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The checkout's top folder; the same answer from `lab/x.ts` and from `dist/lab/x.js`. */
export function repositoryRoot(from = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'lab', 'binaries')))
      return folder;
    if (folder === dirname(folder)) {
      throw new Error(`No package.json beside lab/binaries above ${from}; run this from a full checkout.`);
    }
  }
}
