import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate } from '../db/migrate.ts';
import { type LabContext, openContext } from '../lab/context.ts';
import { startPostgres } from '../lab/postgres.ts';

/** One empty, migrated database of its own, and how each role reaches it. */
export interface TestDatabase {
  readonly ownerUrl: string;
  readonly appUrl: string;
  /** For what a test must see or break past row-level security. */
  readonly superuserUrl: string;
  drop(): Promise<void>;
}

/** Addresses of a running server; `RUNTIMEAI_TEST_POSTGRES` carries them from vitest's global set-up to its workers. */
export interface TestServer {
  readonly superuserUrl: string;
  readonly ownerUrl: string;
  readonly appUrl: string;
}

const SERVER_VARIABLE = 'RUNTIMEAI_TEST_POSTGRES';
const TEMPLATE = 'runtimeai_template';
const PREPARING_TEMPLATE = 7_421_001;

/** A fresh database in milliseconds, copied from a migrated template; starts a server where none was started for all. */
export async function freshDatabase(): Promise<TestDatabase> {
  const shared = process.env[SERVER_VARIABLE];
  const own = shared ? undefined : await startTestServer();
  const server: TestServer = own?.server ?? JSON.parse(shared ?? '');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await ensureTemplate(server);
  await asSuperuser(server, `create database ${name} template ${TEMPLATE} owner runtimeai_owner`);
  return {
    ownerUrl: withDatabase(server.ownerUrl, name),
    appUrl: withDatabase(server.appUrl, name),
    superuserUrl: withDatabase(server.superuserUrl, name),
    drop: async () => {
      await asSuperuser(server, `drop database ${name} with (force)`);
      await own?.stop();
    },
  };
}

/** Starts a PostgreSQL server in a temporary folder and says how to stop it. */
export async function startTestServer(): Promise<{ server: TestServer; stop(): Promise<void> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'runtimeai-postgres-'));
  const signal = new AbortController().signal;
  const context = openContext({ dataDir, cacheDir: dataDir, report: () => undefined, signal });
  const server = await serverOf(context, await startPostgres(context));
  const stop = async () => {
    for (const process of context.processes) await process.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { server, stop };
}

/** The addresses of a lab's PostgreSQL, set up to be fast rather than to survive a power cut. */
export async function serverOf(
  context: Pick<LabContext, 'secrets'>,
  urls: Pick<TestServer, 'ownerUrl' | 'appUrl'>,
): Promise<TestServer> {
  const superuser = new URL(urls.ownerUrl);
  superuser.username = 'postgres';
  superuser.password = context.secrets.of('postgres-superuser');
  const server = { ...urls, superuserUrl: withDatabase(superuser.href, 'postgres') };
  await asSuperuser(server, 'alter system set fsync = off');
  await asSuperuser(server, 'select pg_reload_conf()');
  return server;
}

async function ensureTemplate(server: TestServer): Promise<void> {
  await withClient(server.superuserUrl, async client => {
    await client.query('select pg_advisory_lock($1)', [PREPARING_TEMPLATE]);
    const { rowCount } = await client.query(
      'select 1 from pg_database where datname = $1 and not datallowconn',
      [TEMPLATE],
    );
    if (rowCount) return;
    await client.query(`create database ${TEMPLATE} owner runtimeai_owner`);
    await migrate(withDatabase(server.ownerUrl, TEMPLATE));
    await client.query(`alter database ${TEMPLATE} allow_connections false`);
  });
}

function asSuperuser(server: TestServer, statement: string): Promise<unknown> {
  return withClient(server.superuserUrl, client => client.query(statement));
}

/** One connection for one piece of work, closed afterwards. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
