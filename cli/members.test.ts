import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { authenticate } from '../db/api-keys.ts';
import { type Database, openDatabase } from '../db/database.ts';
import { freshDatabase, type TestDatabase } from '../test/postgres.ts';

let database: TestDatabase;
let db: Database;
let token: string;
let member: string;
beforeAll(async () => {
  database = await freshDatabase();
  db = await openDatabase(database.appUrl);
  await admin('tenant', 'create', 'acme');
  token = (
    await admin('key', 'create', '--tenant', 'acme', '--name', 'Ada', '--role', 'viewer', '--quiet')
  ).trim();
  member = (await authenticate(db, token))?.id ?? '';
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

/** What it prints; what it says on the way out is the error. */
function admin(...args: string[]): Promise<string> {
  const env = { PATH: process.env['PATH'], RUNTIMEAI_DATABASE_OWNER_URL: database.ownerUrl };
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [join(import.meta.dirname, 'admin.ts'), ...args],
      { env },
      (error, out, err) => (error ? reject(new Error(err)) : resolve(out)),
    );
  });
}

const rolesNow = async () => (await authenticate(db, token))?.grants;

test('a role is given in one project, seen in the list, and taken away', async () => {
  const quota = ['--cpu', '1', '--memory-mib', '1', '--pods', '1', '--storage-gib', '1'];
  await admin('project', 'quota', '--tenant', 'acme', '--project', 'payments', ...quota);
  const grant = ['--tenant', 'acme', '--role', 'developer', '--project', 'payments'];
  expect(await admin('member', 'grant', member, ...grant)).toBe('Ada is now developer@payments.\n');
  expect(await rolesNow()).toContainEqual({ role: 'developer', project: 'payments' });
  expect(await admin('member', 'list', '--tenant', 'acme')).toContain('viewer developer@payments');
  expect(await admin('member', 'revoke', member, ...grant)).toBe('Ada is no longer developer@payments.\n');
  expect(await rolesNow()).toEqual([{ role: 'viewer', project: null }]);
  await expect(admin('member', 'revoke', member, ...grant)).rejects.toThrow(
    'was not granted developer@payments',
  );
});

test('a role in a project that is not there, and a member that is not, are refused', async () => {
  const nowhere = ['--tenant', 'acme', '--role', 'viewer', '--project', 'nowhere'];
  await expect(admin('member', 'grant', member, ...nowhere)).rejects.toThrow('has no project nowhere');
  const nobody = 'prn_01h455vb4pex5vsknk084sn02q';
  await expect(admin('member', 'disable', nobody, '--tenant', 'acme')).rejects.toThrow('has no member');
});

test('whoever is disabled cannot use a key', async () => {
  expect(await admin('member', 'disable', member, '--tenant', 'acme')).toBe('Disabled Ada.\n');
  expect(await authenticate(db, token)).toBeUndefined();
});

test('a tenant is made below another one; the tenant of the audit is nobody’s', async () => {
  expect(await admin('tenant', 'create', 'emea', '--parent', 'acme', '--name', 'Europe')).toBe(
    'Made tenant emea.\n',
  );
  const above = await db.forTenant('emea').selectFrom('tenants').select(['name', 'ancestors']).execute();
  expect(above).toEqual([{ name: 'Europe', ancestors: ['acme'] }]);
  await expect(admin('tenant', 'create', 'lost', '--parent', 'nobody')).rejects.toThrow(
    'There is no tenant nobody',
  );
  await expect(admin('tenant', 'create', 'system')).rejects.toThrow('reserved');
});
