import type { Pool } from 'pg';
import { MIGRATION_TABLE } from './migrate.ts';
import { MIGRATIONS } from './migrations/index.ts';

/** Refuses a role that row-level security does not bind: superuser, BYPASSRLS, owner of a table, or able to become one of these. */
export async function refusePowerfulRole(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ name: string; powers: string[] }>(`
    select current_user as name, array_remove(array[
      case when exists (select from pg_roles where rolsuper and pg_has_role(oid, 'MEMBER'))
        then 'is or can become superuser' end,
      case when exists (select from pg_roles where rolbypassrls and not rolsuper and pg_has_role(oid, 'MEMBER'))
        then 'has or can take BYPASSRLS' end,
      case when exists (
        select from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = current_schema() and c.relkind in ('r', 'p') and pg_has_role(c.relowner, 'MEMBER'))
        then 'owns tables' end
    ], null) as powers`);
  const [role] = rows;
  if (role === undefined) throw new Error('PostgreSQL did not say which role this connection has.');
  if (role.powers.length === 0) return;
  throw new Error(
    `The database role ${role.name} ${role.powers.join(' and ')}, so it could see past row-level security. ` +
      'Connect as runtimeai_app (nosuperuser, nobypassrls, not the owner): correct RUNTIMEAI_DATABASE_URL.',
  );
}

/** Refuses a database whose schema is older or newer than this program. */
export async function refuseOtherSchema(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ there: boolean }>('select to_regclass($1) is not null as there', [
    MIGRATION_TABLE,
  ]);
  const applied = rows[0]?.there ? await appliedMigrations(pool) : [];
  const known = Object.keys(MIGRATIONS);
  const missing = known.filter(name => !applied.includes(name));
  const unknown = applied.filter(name => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(
      `The database was migrated by a newer version (${unknown.join(', ')} is not known here). Run that version.`,
    );
  }
  if (missing.length > 0) {
    throw new Error(`The database lacks ${missing.join(', ')}. Run npm run admin -- migrate first.`);
  }
}

async function appliedMigrations(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(`select name from ${MIGRATION_TABLE}`);
  return rows.map(({ name }) => name);
}
