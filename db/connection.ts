import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';
import { escapeLiteral, type QueryResult as PgResult, type Pool, type PoolClient } from 'pg';

/** What may be seen of a tenant: all of it, or no more than what belongs to these projects. */
export type Projects = 'all' | readonly string[];

/** What row-level security goes by: the tenant, or while that is not known yet, the id of an API key; or neither. */
export type Scope =
  | { readonly tenant: string; readonly projects?: Projects | undefined }
  | { readonly keyId: string }
  | 'none';

/**
 * SQL whose every statement is a transaction of its own. Begin, setting, statement and commit are sent together
 * (pg's pipeline mode), so it costs one round trip, and the setting ends with the transaction.
 */
export function singleStatements<T>(pool: Pool, scope: Scope): Kysely<T> {
  const begin = beginning(scope);
  return kyselyOver<T>(async query => {
    const client = await pool.connect();
    const [begun, done, committed] = await Promise.allSettled([
      client.query(begin),
      client.query(statement(query)),
      client.query('commit'),
    ]);
    client.release(brokenBy(begun, committed));
    if (begun.status === 'rejected') throw begun.reason;
    if (done.status === 'rejected') throw done.reason;
    if (committed.status === 'rejected') throw committed.reason;
    return done.value;
  });
}

/** Runs the work in one transaction; it is committed when the work returns and rolled back when it throws. */
export async function inTransaction<T, R>({
  pool,
  scope,
  work,
}: {
  pool: Pool;
  scope: Scope;
  work: (sql: Kysely<T>) => Promise<R>;
}): Promise<R> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    // Not awaited before the work: its first statement travels with it.
    const begun = client.query(beginning(scope));
    const { sql, sentAlong } = clientSql<T>(client);
    const [beginning_, result] = await Promise.allSettled([begun, work(sql)]);
    if (beginning_.status === 'rejected') throw beginning_.reason;
    // What failed on the side made the statements behind it fail too; it is the one to tell.
    if (result.status === 'rejected') throw (await firstFailure(sentAlong)) ?? result.reason;
    // PostgreSQL commits nothing of a transaction in which a statement failed, so the answers need not be waited for.
    const committing = client.query('commit');
    const [failed, { command }] = await Promise.all([firstFailure(sentAlong), committing]);
    if (failed) throw failed;
    if (command !== 'COMMIT')
      throw new Error('A statement failed unnoticed, so the transaction was rolled back.');
    return result.value;
  } catch (error) {
    broken = await rollBack(client);
    throw error;
  } finally {
    client.release(broken);
  }
}

/**
 * Sends a statement whose answer nobody needs, without a round trip of its own: the transaction goes on at once, and is
 * committed only if the statement succeeded. Where every statement is its own transaction, this waits for it.
 */
export async function sendAlong<T>(db: Kysely<T>, query: CompiledQuery): Promise<void> {
  const send = alongside.get(db);
  if (send) send(query);
  else await db.executeQuery(query);
}

type Run = (query: CompiledQuery) => Promise<PgResult>;

const alongside = new WeakMap<object, (query: CompiledQuery) => void>();

function clientSql<T>(client: PoolClient): { sql: Kysely<T>; sentAlong: Promise<Error | undefined>[] } {
  const run: Run = query => client.query(statement(query));
  const sql = kyselyOver<T>(run);
  const sentAlong: Promise<Error | undefined>[] = [];
  alongside.set(sql, query => void sentAlong.push(failureOf(run(query))));
  return { sql, sentAlong };
}

function failureOf(running: Promise<unknown>): Promise<Error | undefined> {
  return running.then(
    () => undefined,
    error => (error instanceof Error ? error : new Error(String(error))),
  );
}

async function firstFailure(sent: readonly Promise<Error | undefined>[]): Promise<Error | undefined> {
  return (await Promise.all(sent)).find(failure => failure !== undefined);
}

async function rollBack(client: PoolClient): Promise<Error | undefined> {
  try {
    await client.query('rollback');
    return undefined;
  } catch (error) {
    // The connection is thrown away with the transaction in it; the first error is the one to tell.
    return error instanceof Error ? error : new Error(String(error));
  }
}

function brokenBy(...ends: PromiseSettledResult<unknown>[]): Error | undefined {
  const failed = ends.find(end => end.status === 'rejected');
  return failed && new Error('The transaction did not end as it should', { cause: failed.reason });
}

function beginning(scope: Scope): string {
  if (scope === 'none') return 'begin';
  const [name, value] = 'tenant' in scope ? ['app.tenant', scope.tenant] : ['app.key_id', scope.keyId];
  if (value === '') throw new Error(`An empty ${name} was asked for; without it no row may be seen.`);
  const projects = 'tenant' in scope ? (scope.projects ?? 'all') : 'all';
  const limit =
    projects === 'all' ? '' : `, set_config('app.projects', ${escapeLiteral(arrayText(projects))}, true)`;
  return `begin; select set_config('${name}', ${escapeLiteral(value)}, true)${limit}`;
}

/** A text[] as PostgreSQL writes it. Of no project it is `{}`, never the empty text that would mean no limit. */
function arrayText(names: readonly string[]): string {
  return `{${names.map(name => `"${name.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

const MOST_NAMED_STATEMENTS = 400;
const statementNames = new Map<string, string>();

// Named, so that each connection parses and plans it once; beyond the bound statements stay unnamed.
function statement({ sql, parameters }: CompiledQuery) {
  let name = statementNames.get(sql);
  if (name === undefined && statementNames.size < MOST_NAMED_STATEMENTS) {
    name = `rtai_${statementNames.size}`;
    statementNames.set(sql, name);
  }
  return { text: sql, values: [...parameters], ...(name === undefined ? {} : { name }) };
}

function kyselyOver<T>(run: Run): Kysely<T> {
  const connection = new RunConnection(run);
  return new Kysely<T>({
    dialect: {
      createAdapter: () => adapter,
      createDriver: () => new RunDriver(connection),
      createIntrospector: db => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
}

const adapter = new PostgresAdapter();

class RunConnection implements DatabaseConnection {
  private readonly run: Run;

  constructor(run: Run) {
    this.run = run;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, rowCount } = await this.run(query);
    return { rows, ...(rowCount === null ? {} : { numAffectedRows: BigInt(rowCount) }) };
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('Rows are read in pages here, never streamed.');
  }
}

class RunDriver implements Driver {
  private readonly connection: RunConnection;

  constructor(connection: RunConnection) {
    this.connection = connection;
  }

  async init(): Promise<void> {
    return undefined;
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.connection;
  }

  async beginTransaction(): Promise<void> {
    throw noTransactions();
  }

  async commitTransaction(): Promise<void> {
    throw noTransactions();
  }

  async rollbackTransaction(): Promise<void> {
    throw noTransactions();
  }

  async releaseConnection(): Promise<void> {
    return undefined;
  }

  async destroy(): Promise<void> {
    return undefined;
  }
}

function noTransactions(): Error {
  return new Error('Transactions begin with inTenant(), which sets the tenant; not with transaction().');
}
