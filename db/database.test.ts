import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase, withClient } from '../test/postgres.ts';
import { type TwoTenants, twoTenants } from '../test/tenants.ts';
import { sendAlong } from './connection.ts';
import { openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import type { TenantSql } from './tables.ts';

let two: TwoTenants;
beforeAll(async () => {
  two = await twoTenants();
});
afterAll(() => two.close());

describe('openDatabase', () => {
  test('refuses a superuser', async () => {
    await expect(openDatabase(two.database.superuserUrl)).rejects.toThrow(
      /postgres is or can become superuser/,
    );
  });

  test('refuses the owner of the tables', async () => {
    await expect(openDatabase(two.database.ownerUrl)).rejects.toThrow(/runtimeai_owner owns tables/);
  });

  test.each([
    ['bypassrls', 'has or can take BYPASSRLS'],
    ['in role runtimeai_owner', 'owns tables'],
  ])('refuses a role made with %s', async (rights, complaint) => {
    const role = 'someone_powerful';
    const url = new URL(two.database.appUrl);
    url.username = role;
    url.password = 'secret';
    await withClient(two.database.superuserUrl, client =>
      client.query(`create role ${role} login password 'secret' nosuperuser ${rights}`),
    );
    try {
      await expect(openDatabase(url.href)).rejects.toThrow(complaint);
    } finally {
      await withClient(two.database.superuserUrl, client => client.query(`drop role ${role}`));
    }
  });

  test('says what to do when nothing answers, and does not show the password', async () => {
    const opening = openDatabase('postgres://runtimeai_app:hunter2@127.0.0.1:1/runtimeai', {
      connectWithinSeconds: 0.3,
    });
    const error = await opening.catch((cause: unknown) => cause);
    expect(String(error)).toMatch(/127\.0\.0\.1:1\/runtimeai could not be used .*ECONNREFUSED.*Start it/);
    expect(String(error)).not.toContain('hunter2');
  });

  test('gives up at once on a wrong password', async () => {
    const url = new URL(two.database.appUrl);
    url.password = 'wrong';
    const begun = performance.now();
    await expect(openDatabase(url.href)).rejects.toThrow('password authentication failed');
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  test('refuses a database that was not migrated, and one that is newer', async () => {
    const database = await freshDatabase();
    const change = (statement: string) => withClient(database.ownerUrl, client => client.query(statement));
    await change(`insert into schema_migrations values ('9999-later', now()::text)`);
    await expect(openDatabase(database.appUrl)).rejects.toThrow('9999-later is not known here');
    await change('delete from schema_migrations');
    await expect(openDatabase(database.appUrl)).rejects.toThrow('npm run admin -- migrate');
    await database.drop();
  });
});

test('migrating twice applies nothing the second time', async () => {
  expect(await migrate(two.database.ownerUrl)).toEqual([]);
});

describe('inTenant', () => {
  test('shows the tenant its own rows and forgets the tenant afterwards', async () => {
    const seen = await two.db.inTenant('acme', db => db.selectFrom('tenants').select('tenant_id').execute());
    expect(seen).toEqual([{ tenant_id: 'acme' }]);
    const { rows } = await sql<{ tenant: string | null }>`
      select nullif(current_setting('app.tenant', true), '') as tenant`.execute(two.db.global);
    expect(rows).toEqual([{ tenant: null }]);
  });

  test('keeps nothing when the work throws', async () => {
    const failing = two.db.inTenant('acme', async db => {
      await db.insertInto('projects').values({ name: 'half', quota: '{}' }).execute();
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    expect(await projects('acme')).not.toContain('half');
  });

  test('does not claim success when a failed statement was swallowed', async () => {
    const work = two.db.inTenant('acme', async db => {
      await db.insertInto('projects').values({ name: 'lost', quota: '{}' }).execute();
      await sql`select 1 / 0`.execute(db).catch(() => undefined);
    });
    await expect(work).rejects.toThrow('rolled back');
    expect(await projects('acme')).not.toContain('lost');
  });

  describe('with a statement sent along', () => {
    const quota = JSON.stringify({ cpu: 1 });
    const adding = (db: TenantSql, name: string) =>
      sendAlong(db, sql`insert into projects (name, quota) values (${name}, ${quota})`.compile(db));
    const names = async (db: TenantSql) =>
      (await db.selectFrom('projects').select('name').orderBy('name').execute()).map(({ name }) => name);

    test('what comes behind it sees what it did, and both are kept', async () => {
      const seen = await two.db.inTenant('acme', async db => {
        await adding(db, 'along-1');
        const seen = await names(db);
        await adding(db, 'along-2');
        return seen;
      });
      expect(seen).toContain('along-1');
      expect(await names(two.db.forTenant('acme'))).toEqual([...seen, 'along-2']);
    });

    test.each([
      ['nothing behind it', async () => undefined],
      ['a statement behind it, which fails for it', names],
      ['an error behind it', async () => Promise.reject(new Error('of the work'))],
    ])('keeps nothing when that fails, and tells why: %s', async (_, behind) => {
      const before = await names(two.db.forTenant('acme'));
      const failing = two.db.inTenant('acme', async db => {
        await adding(db, 'twice');
        await adding(db, 'twice');
        await behind(db);
      });
      await expect(failing).rejects.toThrow('duplicate key');
      expect(await names(two.db.forTenant('acme'))).toEqual(before);
    });

    test('waits for it where it is a transaction of its own', async () => {
      const before = await names(two.db.forTenant('acme'));
      await adding(two.db.forTenant('acme'), 'by-itself');
      expect(await names(two.db.forTenant('acme'))).toHaveLength(before.length + 1);
      await expect(adding(two.db.forTenant('acme'), 'by-itself')).rejects.toThrow('duplicate key');
    });
  });

  test('refuses an empty tenant', async () => {
    await expect(two.db.inTenant('', async () => undefined)).rejects.toThrow('empty app.tenant');
    expect(() => two.db.forTenant('')).toThrow('empty app.tenant');
  });

  test('takes a hostile tenant as a name, not as SQL', async () => {
    const seen = await two.db
      .forTenant(`acme', true); set row_security = off; select set_config('x.y', '`)
      .selectFrom('tenants')
      .select('tenant_id')
      .execute();
    expect(seen).toEqual([]);
  });
});

describe('forTenant', () => {
  test('keeps many tenants apart on few connections', async () => {
    const db = await openDatabase(two.database.appUrl, { maxConnections: 2 });
    const tenants = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? 'acme' : 'globex'));
    const seen = await Promise.all(
      tenants.map(async tenant => db.forTenant(tenant).selectFrom('tenants').select('tenant_id').execute()),
    );
    expect(seen).toEqual(tenants.map(tenant => [{ tenant_id: tenant }]));
    await db.close();
  });

  test('a statement that fails leaves its connection usable', async () => {
    const db = await openDatabase(two.database.appUrl, { maxConnections: 1 });
    await expect(sql`select 1 / 0`.execute(db.forTenant('acme'))).rejects.toThrow('division by zero');
    expect(await db.forTenant('acme').selectFrom('tenants').select('tenant_id').execute()).toHaveLength(1);
    await db.close();
  });

  test('goes on after the server closed an idle connection', async () => {
    const warnings: string[] = [];
    const note = (_: object, message: string) => void warnings.push(message);
    const log = { info: note, warn: note, error: note };
    const db = await openDatabase(two.database.appUrl, { maxConnections: 1, log });
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db.global);
    await withClient(two.database.superuserUrl, client =>
      client.query('select pg_terminate_backend($1)', [rows[0]?.pid]),
    );
    await expect.poll(() => warnings.join()).toContain('broke');
    expect(await db.forTenant('acme').selectFrom('tenants').select('tenant_id').execute()).toHaveLength(1);
    await db.close();
  });

  test('cannot open a transaction that would not know its tenant', async () => {
    const nested = two.db
      .forTenant('acme')
      .transaction()
      .execute(async () => undefined);
    await expect(nested).rejects.toThrow('inTenant()');
  });
});

async function projects(tenant: string): Promise<string[]> {
  const rows = await two.db.forTenant(tenant).selectFrom('projects').select('name').execute();
  return rows.map(({ name }) => name);
}
