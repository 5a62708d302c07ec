import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from '../until.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

/** The real process, and the address of its metrics. */
export interface ObserverProcess {
  readonly process: ChildProcess;
  readonly url: string;
}

export interface ObserverOptions {
  readonly databaseUrl: string;
  readonly maxAgeSeconds: number;
  /** Further settings by the name of their variable. */
  readonly more?: Readonly<Record<string, string>>;
}

/** Starts the observer from its source, on the cluster of the tests. */
export async function startObserverProcess(
  { databaseUrl, maxAgeSeconds, more }: ObserverOptions,
  onSpawned: (child: ChildProcess) => void,
): Promise<ObserverProcess> {
  const child = spawn(
    process.execPath,
    ['--experimental-transform-types', '--no-warnings', 'workers/observer.ts'],
    {
      cwd: ROOT,
      env: {
        PATH: process.env['PATH'],
        RUNTIMEAI_DATABASE_URL: databaseUrl,
        RUNTIMEAI_KUBECONFIG: process.env['RUNTIMEAI_TEST_KUBECONFIG'],
        RUNTIMEAI_TEMPORAL_ADDRESS: process.env['RUNTIMEAI_TEST_TEMPORAL'],
        RUNTIMEAI_FACTS_MAX_AGE_SECONDS: String(maxAgeSeconds),
        ...more,
      },
    },
  );
  onSpawned(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', chunk => {
      output += String(chunk);
    });
  const address = () => /http:\/\/127\.0\.0\.1:\d+(?=")/.exec(output)?.[0];
  await until(
    'the observer serves metrics',
    () => {
      if (child.exitCode !== null) throw new Error(`the observer ended with ${child.exitCode}:\n${output}`);
      return address() !== undefined;
    },
    30,
  );
  return { process: child, url: address() ?? '' };
}

/** Ends a process and answers its exit code. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
  return child.exitCode;
}
