import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseError, Pool } from 'pg';
import { inTransaction, type Projects, singleStatements } from './connection.ts';
import { refuseOtherSchema, refusePowerfulRole } from './startup-checks.ts';
import type { GlobalSql, TenantSql } from './tables.ts';

/** The application's way to PostgreSQL: always within one tenant, or visibly without one. */
export interface Database {
  /** One transaction of one tenant, as many statements as the work needs; with projects it sees no others. */
  inTenant<T>(tenantId: string, work: (sql: TenantSql) => Promise<T>, projects?: Projects): Promise<T>;
  /** SQL of one tenant whose every statement is a transaction of its own, in one round trip; with projects it sees no others. */
  forTenant(tenantId: string, projects?: Projects): TenantSql;
  /** SQL that sees the one API key with this id, before its tenant is known. */
  forKey(keyId: string): TenantSql;
  /** SQL of the tables that belong to no tenant. */
  readonly global: GlobalSql;
  /** The address, for the connection that listens. */
  readonly url: string;
  /** How many connections are open and idle, how many callers wait for one, and how often one was taken. */
  connections(): ConnectionCounts;
  /** Waits for running statements, then closes every connection. */
  close(): Promise<void>;
}

export interface ConnectionCounts {
  readonly open: number;
  readonly idle: number;
  readonly waiting: number;
  /** How often a connection was taken so far: without one there is no SQL. */
  readonly taken: number;
}

/** What of a log the database layer needs; pino's fits. */
export interface DatabaseLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface DatabaseOptions {
  readonly log?: DatabaseLog;
  /** How long to wait at the start for a server that does not answer yet. Default 30. */
  readonly connectWithinSeconds?: number;
  /** Default 10. */
  readonly maxConnections?: number;
}

/** Opens the database as the application role; refuses a role that could see past row-level security and a schema of another version. */
export async function openDatabase(url: string, options: DatabaseOptions = {}): Promise<Database> {
  const pool = openPool(url, options);
  let taken = 0;
  pool.on('acquire', () => {
    taken += 1;
  });
  try {
    await untilItAnswers(pool, { url, options });
    await refusePowerfulRole(pool);
    await refuseOtherSchema(pool);
  } catch (error) {
    await pool.end();
    throw error;
  }
  return {
    inTenant: (tenantId, work, projects) =>
      inTransaction({ pool, scope: { tenant: tenantId, projects }, work }),
    forTenant: (tenantId, projects) => singleStatements(pool, { tenant: tenantId, projects }),
    forKey: keyId => singleStatements(pool, { keyId }),
    global: singleStatements(pool, 'none'),
    url,
    connections: () => ({ open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount, taken }),
    close: () => pool.end(),
  };
}

/** Opens the database as the owner of its tables, for `npm run admin`; forced row-level security binds it all the same. */
export function openAsOwner(ownerUrl: string): Pick<Database, 'inTenant' | 'close'> {
  const pool = openPool(ownerUrl, { maxConnections: 2 });
  return {
    inTenant: (tenantId, work, projects) =>
      inTransaction({ pool, scope: { tenant: tenantId, projects }, work }),
    close: () => pool.end(),
  };
}

/** Host, port and name of a database, for messages: the address without its password. */
export function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

function openPool(url: string, { log, maxConnections = 10 }: DatabaseOptions): Pool {
  const pool = new Pool({
    connectionString: url,
    application_name: 'runtimeai',
    max: maxConnections,
    pipeline: true,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    statement_timeout: 30_000,
    idle_in_transaction_session_timeout: 60_000,
    // A plan kept from when the tables were empty reads a whole tenant where an index would do (measured: 2 to 6 times
    // slower at 600 runtimes, until autovacuum comes by); planning anew costs less than can be seen.
    options: '-c plan_cache_mode=force_custom_plan',
  });
  // An idle connection that breaks is replaced by the next statement; without a listener it would end the process.
  pool.on('error', error => log?.warn({ err: error }, `A connection to PostgreSQL at ${placeOf(url)} broke`));
  return pool;
}

async function untilItAnswers(
  pool: Pool,
  { url, options }: { url: string; options: DatabaseOptions },
): Promise<void> {
  const { connectWithinSeconds = 30, log } = options;
  const deadline = Date.now() + connectWithinSeconds * 1000;
  for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 3_000)) {
    const error = await connectionError(pool);
    if (error === undefined) return;
    const hopeless = error instanceof DatabaseError && !STARTING_UP.includes(error.code ?? '');
    if (hopeless || Date.now() + pauseMs > deadline) throw unreachable({ url, error, connectWithinSeconds });
    log?.warn({ err: error }, `PostgreSQL at ${placeOf(url)} does not answer yet; trying again`);
    await delay(pauseMs);
  }
}

// 57P03 cannot_connect_now, 53300 too_many_connections: both pass.
const STARTING_UP = ['57P03', '53300'];

async function connectionError(pool: Pool): Promise<Error | undefined> {
  try {
    await pool.query('select 1');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function unreachable(what: { url: string; error: Error; connectWithinSeconds: number }): Error {
  const { url, error, connectWithinSeconds } = what;
  const answer = error.message || ('code' in error ? String(error.code) : error.name);
  return new Error(
    `PostgreSQL at ${placeOf(url)} could not be used (tried for up to ${connectWithinSeconds} s): ${answer}. ` +
      'Start it, or correct RUNTIMEAI_DATABASE_URL.',
    { cause: error },
  );
}
