import { Kysely, PostgresDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { Client, Pool } from 'pg';
import { MIGRATIONS } from './migrations/index.ts';

const OWNER_ROLE = 'runtimeai_owner';
const APP_ROLE = 'runtimeai_app';
export const MIGRATION_TABLE = 'schema_migrations';

/** Brings the database to the newest schema, as the owner of its tables; answers the names of what it ran. */
export async function migrate(ownerUrl: string): Promise<readonly string[]> {
  await requireRoles(ownerUrl);
  const pool = new Pool({ connectionString: ownerUrl, max: 2 });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    const migrator = new Migrator({
      db,
      provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
      migrationTableName: MIGRATION_TABLE,
      migrationLockTableName: `${MIGRATION_TABLE}_lock`,
    });
    const { error, results = [] } = await migrator.migrateToLatest();
    if (error)
      throw migrationFailure(error, results.find(result => result.status === 'Error')?.migrationName);
    return results.map(result => result.migrationName);
  } finally {
    await db.destroy();
  }
}

async function requireRoles(ownerUrl: string): Promise<void> {
  const client = new Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ rolname: string }>(
      'select rolname from pg_roles where rolname = any($1)',
      [[OWNER_ROLE, APP_ROLE]],
    );
    const missing = [OWNER_ROLE, APP_ROLE].filter(role => !rows.some(({ rolname }) => rolname === role));
    if (missing.length === 0) return;
    throw new Error(
      `The database has no role ${missing.join(' and ')}. Create it as superuser first: ` +
        missing.map(role => `create role ${role} login nosuperuser nobypassrls password '…';`).join(' '),
    );
  } finally {
    await client.end();
  }
}

function migrationFailure(cause: unknown, name: string | undefined): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Error(
    `Migration ${name ?? '(before the first)'} was not applied and nothing of it was kept: ${why}`,
    { cause },
  );
}
