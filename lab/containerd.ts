import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run, runToSuccess } from './command.ts';
import type { LabContext } from './context.ts';
import { withLock } from './lock.ts';
import { partReport } from './progress.ts';
import { findExecutable, isExecutable } from './search-path.ts';

/** Programs that run containers. */
export interface ContainerPrograms {
  /** Folders to put first on PATH; empty where the machine's own are used. */
  path: string[];
  /** The folder of CNI plugins. */
  cniFolder: string;
  source: string;
}

const packages = ['containerd', 'runc', 'containernetworking-plugins'];
const plugins = ['bridge', 'host-local', 'loopback'];

/** containerd, runc and CNI plugins: the machine's own, else the distribution's packages unpacked into the cache. */
export async function findContainerPrograms(
  context: Pick<LabContext, 'cacheDir' | 'report' | 'signal'>,
): Promise<ContainerPrograms> {
  const own = installedHere();
  if (own) return own;
  const folder = join(context.cacheDir, 'containerd', distribution());
  await withLock({ path: `${folder}.lock`, signal: context.signal }, async () => {
    if (existsSync(folder)) return;
    const say = partReport('containerd', context.report);
    say('working', `fetching ${packages.join(', ')} as packages into ${folder}, once per machine`);
    await unpack(folder, context.signal);
    say('ready', 'fetched and unpacked; nothing was installed');
  });
  const path = ['bin', 'sbin'].map(name => join(folder, 'usr', name));
  if (!isExecutable(join(folder, 'usr/bin/containerd')))
    throw new Error(`${folder} holds no containerd; delete it to fetch it anew`);
  return { path, cniFolder: join(folder, 'usr/lib/cni'), source: 'packages unpacked into the cache' };
}

/** A PATH with these folders first. */
export function pathWith(folders: string[]): string {
  return [...folders, process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].filter(Boolean).join(delimiter);
}

function installedHere(): ContainerPrograms | undefined {
  const programs = ['containerd', 'ctr', 'containerd-shim-runc-v2', 'runc'];
  if (!programs.every(name => findExecutable(name, ['/usr/sbin', '/sbin', '/usr/local/sbin'])))
    return undefined;
  const cniFolder = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni'].find(folder =>
    plugins.every(name => isExecutable(join(folder, name))),
  );
  return cniFolder ? { path: [], cniFolder, source: 'the machine' } : undefined;
}

async function unpack(folder: string, signal: AbortSignal): Promise<void> {
  if (!findExecutable('apt-get') || !findExecutable('dpkg-deb')) {
    throw new Error(
      'containerd, ctr, containerd-shim-runc-v2, runc and the CNI plugins are not all installed, and only Debian and Ubuntu ' +
        'packages can be unpacked here. Install them (package names: containerd, runc, containernetworking-plugins).',
    );
  }
  const unfinished = `${folder}.${process.pid}.new`;
  try {
    mkdirSync(unfinished, { recursive: true });
    await download(unfinished, signal);
    for (const file of readdirSync(unfinished).filter(name => name.endsWith('.deb'))) {
      await runToSuccess({ command: 'dpkg-deb', args: ['-x', join(unfinished, file), unfinished], signal });
      rmSync(join(unfinished, file));
    }
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

// The machine's package lists may be missing or stale; then lists of our own are fetched, and the machine's stay as they are.
async function download(into: string, signal: AbortSignal): Promise<void> {
  const fetchPackages = (options: string[]) =>
    run({ command: 'apt-get', args: [...options, 'download', ...packages], cwd: into, signal });
  const first = await fetchPackages(['-o', 'APT::Sandbox::User=root']);
  if (first.code === 0) return;
  const lists = join(into, 'lists');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  const own = [
    '-o',
    'APT::Sandbox::User=root',
    '-o',
    `Dir::State::lists=${lists}`,
    '-o',
    'Dir::Cache::pkgcache=',
    '-o',
    'Dir::Cache::srcpkgcache=',
  ];
  await runToSuccess({ command: 'apt-get', args: [...own, 'update'], signal });
  const second = await fetchPackages(own);
  rmSync(lists, { recursive: true, force: true });
  if (second.code !== 0)
    throw new Error(
      `apt-get download ${packages.join(' ')} ended with ${second.code}:\n${second.stderr.trim()}`,
    );
}

function distribution(): string {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const value = (name: string) => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(release)?.[1] ?? 'unknown';
  return `${value('ID')}-${value('VERSION_ID')}-${process.arch}`;
}
