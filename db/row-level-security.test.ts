import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withClient } from '../test/postgres.ts';
import { type TwoTenants, twoTenants } from '../test/tenants.ts';

let two: TwoTenants;
beforeAll(async () => {
  two = await twoTenants();
});
afterAll(() => two.close());

/** Tables that rightly belong to no tenant. */
const GLOBAL_TABLES = [
  'audit_streams',
  'observer_heartbeats',
  'runtime_kinds',
  'schema_migrations',
  'schema_migrations_lock',
];

async function tables() {
  const { rows } = await withClient(two.database.superuserUrl, client =>
    client.query<{
      name: string;
      forced: boolean;
      tenant: boolean;
      readable: boolean;
      policies: string[];
      keys: string[];
    }>(`
      select c.relname as name, has_table_privilege('runtimeai_app', c.oid, 'select') as readable, c.relrowsecurity and c.relforcerowsecurity as forced,
        exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') as tenant,
        array(select pg_get_expr(p.polqual, p.polrelid) || ' / ' || pg_get_expr(p.polwithcheck, p.polrelid)
          from pg_policy p where p.polrelid = c.oid and p.polcmd = '*') as policies,
        array(select a.attname::text from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
          where i.indrelid = c.oid and i.indisunique) as keys
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'public' and c.relkind in ('r', 'p', 'v', 'm', 'f')`),
  );
  return rows;
}

describe('every table', () => {
  test('belongs to a tenant, or is on the short list of those that do not', async () => {
    const without = (await tables()).filter(table => !table.tenant).map(table => table.name);
    expect(without.sort()).toEqual(GLOBAL_TABLES);
  });

  test('with a tenant has forced row-level security that goes by the tenant of the transaction', async () => {
    const expression = `(tenant_id = NULLIF(current_setting('app.tenant'::text, true), ''::text))`;
    for (const table of await tables()) {
      if (!table.tenant) continue;
      expect(table, table.name).toMatchObject({ forced: true, policies: [`${expression} / ${expression}`] });
    }
  });

  test('with a tenant has it first in every unique key, so that a duplicate tells nothing about others', async () => {
    for (const table of await tables()) {
      if (table.tenant) expect(new Set(table.keys), table.name).toEqual(new Set(['tenant_id']));
    }
  });
});

describe('the application role', () => {
  test('sees no row of any table without a tenant', async () => {
    await withClient(two.database.appUrl, async client => {
      for (const { name, tenant, readable } of await tables()) {
        if (!tenant || !readable) continue;
        const { rows } = await client.query(`select count(*)::int as count from ${name}`);
        expect(rows, name).toEqual([{ count: 0 }]);
      }
    });
  });

  test('sees no row when a setting of an earlier transaction is left as an empty text', async () => {
    await withClient(two.database.appUrl, async client => {
      await client.query(`begin; select set_config('app.tenant', 'acme', true); commit`);
      const setting = await client.query(`select current_setting('app.tenant', true) as tenant`);
      expect(setting.rows).toEqual([{ tenant: '' }]);
      expect((await client.query('select * from tenants')).rows).toEqual([]);
    });
  });

  test('may change and delete no event, and delete only what is no record', async () => {
    const { rows } = await withClient(two.database.superuserUrl, client =>
      client.query<{ name: string; privilege: string }>(`
        select table_name as name, privilege_type as privilege from information_schema.role_table_grants
        where grantee = 'runtimeai_app'`),
    );
    const granted = (privilege: string) =>
      rows.filter(row => row.privilege === privilege).map(row => row.name);
    expect(granted('DELETE').sort()).toEqual([
      'idempotency_keys',
      'logins',
      'policies',
      'role_grants',
      'runtime_kinds',
    ]);
    expect(granted('TRUNCATE')).toEqual([]);
    expect(granted('UPDATE')).not.toContain('events');
  });

  test('cannot write a row of another tenant', async () => {
    const writing = two.db
      .forTenant('acme')
      .insertInto('projects')
      .values({ tenant_id: 'globex', name: 'taken-over', quota: '{}' })
      .execute();
    await expect(writing).rejects.toThrow('row-level security');
  });
});

test('forced row-level security binds the owner of the tables as well', async () => {
  await withClient(two.database.ownerUrl, async client => {
    expect((await client.query('select * from tenants')).rows).toEqual([]);
  });
});
