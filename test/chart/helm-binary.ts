import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { cacheDirectory } from '../../lab/cache.ts';
import { findExecutable, isExecutable } from '../../lab/search-path.ts';

/** Finds Helm 4: `RUNTIMEAI_HELM`, then `RUNTIMEAI_LAB_BIN`, then what the lab has built into its cache, then PATH. */
export function helmBinary(): string {
  const named = env['RUNTIMEAI_HELM'];
  const found = named ? executable(named) : (builtHelm() ?? findExecutable('helm'));
  if (found === undefined) {
    throw new Error(
      `No Helm found: ${named ? `RUNTIMEAI_HELM=${named} is not executable` : `not in RUNTIMEAI_LAB_BIN, ${cacheDirectory()} or PATH`}. ` +
        'Set RUNTIMEAI_HELM to a Helm 4.2 binary, or run npm start once, which builds it.',
    );
  }
  return found;
}

function executable(name: string): string | undefined {
  if (!name.includes('/')) return findExecutable(name);
  return isExecutable(name) ? name : undefined;
}

function builtHelm(): string | undefined {
  const given = env['RUNTIMEAI_LAB_BIN'];
  return [...(given ? [given] : []), ...cachedFolders()]
    .map(folder => join(folder, 'helm'))
    .find(isExecutable);
}

function cachedFolders(): string[] {
  const cache = cacheDirectory();
  if (!existsSync(cache)) return [];
  return readdirSync(cache, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name === 'helm')
    .map(entry => entry.parentPath);
}
