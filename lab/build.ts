import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import { goEnvironment } from './go.ts';
import { withLock } from './lock.ts';
import { identify } from './process-identity.ts';
import { isExecutable } from './search-path.ts';

/** What to build, with which Go, and where to. */
export interface BuildOptions {
  go: string;
  moduleFolder: string;
  /** Program name to package path. */
  packages: Record<string, string>;
  linkerFlags: string;
  into: string;
  onProgress: (detail: string) => void;
  signal: AbortSignal;
}

/**
 * Builds Go programs and moves each finished one into its folder in one step; when it is cut off nothing half-done
 * is left, and the next build goes on from what Go itself has cached.
 */
export async function build(options: BuildOptions): Promise<void> {
  const { into, packages, onProgress, signal } = options;
  const onWait = (pid: number) => onProgress(`process ${pid} is building the same; waiting for it`);
  await withLock({ path: join(into, '.building'), onWait, signal }, async () => {
    const missing = Object.entries(packages).filter(([name]) => !isExecutable(join(into, name)));
    if (missing.length > 0) await buildAlone({ ...options, packages: Object.fromEntries(missing) });
  });
}

/** How far a build is: Go names each package it compiles; those in its cache it passes over, so the total is an upper bound. */
export class BuildProgress {
  private readonly compiledPackages = new Set<string>();
  private readonly startedAt = Date.now();
  private readonly known: ReadonlySet<string>;

  constructor(dependencies: string[]) {
    this.known = new Set(dependencies);
  }

  compiled(packagePath: string): void {
    if (this.known.has(packagePath)) this.compiledPackages.add(packagePath);
  }

  describe({ finished, wanted }: { finished: string[]; wanted: number }): string {
    const minutes = Math.floor((Date.now() - this.startedAt) / 60_000);
    const done = finished.length > 0 ? `; finished ${finished.join(', ')}` : '';
    return `${this.compiledPackages.size} of at most ${this.known.size} packages compiled, ${finished.length} of ${wanted} programs linked after ${minutes} min${done}`;
  }
}

async function buildAlone(options: BuildOptions): Promise<void> {
  const { into, packages } = options;
  mkdirSync(into, { recursive: true });
  removeAbandoned(into);
  const unfinished = join(into, `.build-${process.pid}`);
  mkdirSync(unfinished, { recursive: true });
  try {
    const order = await dependencies(options);
    await compile({ ...options, order, unfinished });
    for (const name of Object.keys(packages)) renameSync(join(unfinished, name), join(into, name));
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

async function dependencies({
  go,
  moduleFolder,
  packages,
  onProgress,
  signal,
}: BuildOptions): Promise<string[]> {
  let downloaded = 0;
  let lastSaid = 0;
  const { code, stdout, stderr } = await run({
    command: go,
    args: ['list', '-deps', ...Object.values(packages)],
    cwd: moduleFolder,
    env: goEnvironment(),
    signal,
    onLine: line => {
      if (!line.startsWith('go: downloading')) return;
      downloaded += 1;
      if (Date.now() - lastSaid < 2_000) return;
      lastSaid = Date.now();
      onProgress(`fetching Go modules: ${downloaded} so far (${line.split(' ')[2]})`);
    },
  });
  if (code !== 0) throw buildError({ what: `go list in ${moduleFolder}`, code, stderr });
  return stdout.trim().split('\n');
}

async function compile(options: BuildOptions & { order: string[]; unfinished: string }): Promise<void> {
  const { go, moduleFolder, packages, linkerFlags, unfinished, order, onProgress, signal } = options;
  const progress = new BuildProgress(order);
  const wanted = Object.keys(packages).length;
  const say = () => onProgress(progress.describe({ finished: readdirSync(unfinished), wanted }));
  const ticking = setInterval(say, 5_000);
  try {
    const flags = ['-v', '-trimpath', '-ldflags', `-s -w ${linkerFlags}`.trim()];
    const { code, stderr } = await run({
      command: go,
      args: ['build', '-o', `${unfinished}/`, ...flags, ...Object.values(packages)],
      cwd: moduleFolder,
      env: goEnvironment(),
      onLine: line => progress.compiled(line.trim()),
      signal,
    });
    if (code !== 0) throw buildError({ what: `go build in ${moduleFolder}`, code, stderr });
  } finally {
    clearInterval(ticking);
  }
}

function buildError({ what, code, stderr }: { what: string; code: number; stderr: string }): Error {
  const said = stderr
    .trim()
    .split('\n')
    .filter(line => line.includes(' ') || line.includes(':'))
    .slice(-10);
  return new Error(
    `${what} ended with ${code}:\n${said.join('\n')}\n` +
      'What is compiled so far is kept; start again to go on. Check that the Go module proxy can be reached (GOPROXY). Ways ' +
      'round it: set RUNTIMEAI_LAB_BIN to a folder with built programs, or use a cluster of yours: npm start -- --kubeconfig F --context C',
  );
}

function removeAbandoned(into: string): void {
  for (const name of readdirSync(into)) {
    const builder = /^\.build-(\d+)$/.exec(name)?.[1];
    if (builder && !identify(Number(builder)) && existsSync(join(into, name))) {
      rmSync(join(into, name), { recursive: true, force: true });
    }
  }
}
