import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { run } from './command.ts';
import { type LabContext, partEnvironment, startPart } from './context.ts';
import { choosePort } from './ports.ts';
import { choosePostgres, findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.ts';
import { partReport } from './progress.ts';
import { writePrivately } from './secrets.ts';
import { asOrdinaryUser, type Unprivileged } from './unprivileged.ts';

/** Where the two roles reach the database `runtimeai`. */
export interface DatabaseUrls {
  /** Owns the schema and runs migrations. */
  ownerUrl: string;
  /** What API and workers use; row-level security binds it. */
  appUrl: string;
}

const database = 'runtimeai';
const roles = { owner: 'runtimeai_owner', app: 'runtimeai_app' };

/** Starts PostgreSQL on loopback with its data kept in the lab, and makes the two roles and the database. */
export async function startPostgres(context: LabContext): Promise<DatabaseUrls> {
  const say = partReport('postgresql', context.report);
  const data = join(context.dataDir, 'postgres');
  const binaries = choosePostgres(findPostgresBinaries(), majorOf(data));
  say('starting', `PostgreSQL ${binaries.major} from ${binaries.source}`);
  const ordinary = await asOrdinaryUser();
  if (majorOf(data) === undefined) await initialise({ context, binaries, data, ordinary });

  const port = await choosePort({ name: 'postgres', usual: 5432, state: context.state });
  await serve({ context, binaries, data, ordinary, port });
  await prepare(context, port);
  say('ready', `PostgreSQL ${binaries.major} on 127.0.0.1:${port}`);
  const url = (role: string) =>
    urlOf({ role, password: context.secrets.of(`postgres-${role}`), port, name: database });
  return { ownerUrl: url(roles.owner), appUrl: url(roles.app) };
}

interface ServerFiles {
  context: LabContext;
  binaries: PostgresBinaries;
  data: string;
  ordinary: Unprivileged;
}

function majorOf(data: string): number | undefined {
  const path = join(data, 'PG_VERSION');
  return existsSync(path) ? Number(readFileSync(path, 'utf8').trim()) : undefined;
}

async function initialise({ context, binaries, data, ordinary }: ServerFiles): Promise<void> {
  // Under another name until it is complete: an initdb that was cut off must not be taken for a database.
  const unfinished = `${data}.new`;
  for (const rest of [data, unfinished]) rmSync(rest, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  ordinary.own(unfinished);
  const passwordFile = join(data, '..', 'postgres-password');
  writePrivately(passwordFile, context.secrets.of('postgres-superuser'));
  ordinary.own(passwordFile);
  const args = [
    '-D',
    unfinished,
    '-U',
    'postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '-E',
    'UTF8',
    '--locale=C',
  ];
  const { code, stderr } = await run({
    ...ordinary.wrap(join(binaries.bin, 'initdb'), args),
    env: partEnvironment(context, { LC_ALL: 'C' }),
    signal: context.signal,
    ...(ordinary.identity ? { identity: ordinary.identity } : {}),
  }).finally(() => rmSync(passwordFile, { force: true }));
  if (code !== 0) {
    throw new Error(
      `initdb in ${data} ended with ${code}:\n${stderr.trim()}\n` +
        'Ways out: keep the data where every user may look (--data), or start as an ordinary user.',
    );
  }
  renameSync(unfinished, data);
}

function serve({
  context,
  binaries,
  data,
  ordinary,
  port,
}: ServerFiles & { port: number }): Promise<unknown> {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    log_min_messages: 'warning',
    timezone: 'UTC',
  };
  const args = [
    '-D',
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  return startPart(context, {
    name: 'postgres',
    ...ordinary.wrap(join(binaries.bin, 'postgres'), args),
    env: partEnvironment(context, { LC_ALL: 'C' }),
    ready: () => answers(context, port),
    readyWithinSeconds: 60,
    stopSignal: 'SIGINT',
    stopWithinSeconds: 20,
    ...(ordinary.identity ? { identity: ordinary.identity } : {}),
  });
}

async function answers(context: LabContext, port: number): Promise<boolean> {
  await asSuperuser({ context, port, name: 'postgres' }, client => client.query('select 1'));
  return true;
}

/** Makes roles and database where they are missing, and sets the roles' rights and passwords in any case. */
async function prepare(context: LabContext, port: number): Promise<void> {
  await asSuperuser({ context, port, name: 'postgres' }, async client => {
    for (const role of Object.values(roles)) {
      const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [role]);
      const password = escapeLiteral(context.secrets.of(`postgres-${role}`));
      const rights = `login nosuperuser nobypassrls nocreaterole nocreatedb password ${password}`;
      await client.query(`${rowCount ? 'alter' : 'create'} role ${escapeIdentifier(role)} ${rights}`);
    }
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (!rowCount) await client.query(`create database ${database} owner ${roles.owner}`);
    await client.query(`revoke all on database ${database} from public`);
    await client.query(`grant connect, temporary on database ${database} to ${roles.app}`);
  });
  await asSuperuser({ context, port, name: database }, async client => {
    await client.query(`alter schema public owner to ${roles.owner}`);
    await client.query(`grant usage on schema public to ${roles.app}`);
  });
}

async function asSuperuser<T>(
  { context, port, name }: { context: LabContext; port: number; name: string },
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const password = context.secrets.of('postgres-superuser');
  const client = new Client({ connectionString: urlOf({ role: 'postgres', password, port, name }) });
  client.on('error', () => undefined); // a server that stops ends the query with the same error
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function urlOf({
  role,
  password,
  port,
  name,
}: {
  role: string;
  password: string;
  port: number;
  name: string;
}): string {
  return `postgres://${role}:${password}@127.0.0.1:${port}/${name}`;
}
