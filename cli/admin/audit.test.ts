import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCheckpoint } from '../../audit/checkpoint.ts';
import { noteSigner, openNote, readVerifier } from '../../audit/note.ts';
import { appendAudit } from '../../db/audit.ts';
import { type Database, openAsOwner, openDatabase } from '../../db/database.ts';
import { auditRecord, untilSealable } from '../../test/audit.ts';
import { freshDatabase, type TestDatabase, withClient } from '../../test/postgres.ts';
import { openAnchor } from '../../workers/audit-anchor.ts';
import { sealRound } from '../../workers/audit-round.ts';

let database: TestDatabase;
let db: Database;
let publicKey: string;
const folder = mkdtempSync(join(tmpdir(), 'runtimeai-audit-'));
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  database = await freshDatabase();
  const owner = openAsOwner(database.ownerUrl);
  await owner.inTenant('acme', sql => sql.insertInto('tenants').defaultValues().execute());
  await owner.close();
  db = await openDatabase(database.appUrl);
  publicKey = (await admin(['audit', 'key'])).stdout.trim();
  for (let round = 0; round < 3; round += 1) {
    for (let index = 0; index < 3; index += 1) await appendAudit(db.forTenant('acme'), auditRecord());
    await seal();
  }
});
afterAll(async () => {
  await db.close();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function seal() {
  await untilSealable(database.superuserUrl);
  const signer = noteSigner('runtimeai-audit/dev', readFileSync(at('audit.pem'), 'utf8'));
  return sealRound({ database: db, signer, anchor: openAnchor(at('anchor')) }, 'acme');
}

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function admin(args: string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const env = {
    PATH: process.env['PATH'],
    RUNTIMEAI_DATABASE_OWNER_URL: database.ownerUrl,
    RUNTIMEAI_AUDIT_KEY_FILE: at('audit.pem'),
    ...environment,
  };
  return new Promise(resolve => {
    execFile(
      process.execPath,
      [join(import.meta.dirname, '../admin.ts'), ...args],
      { env },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

const offline = { RUNTIMEAI_DATABASE_OWNER_URL: '', RUNTIMEAI_AUDIT_KEY_FILE: '' };
const verify = (file: string, more: string[] = []) =>
  admin(['audit', 'verify', file, '--public-key', publicKey, ...more], offline);

test('the key is made once, and only its public half is shown', async () => {
  expect(publicKey).toMatch(/^runtimeai-audit\/dev\+[0-9a-f]{8}\+\S{44}$/);
  expect((await admin(['audit', 'key'])).stdout.trim()).toBe(publicKey);
  expect((await admin(['audit', 'key', at('other.pem')])).stdout.trim()).not.toBe(publicKey);
});

test('an auditor verifies an export with nothing but the file, the key and the anchor', async () => {
  await admin(['audit', 'export', '--tenant', 'acme', '--out', at('acme.jsonl')]);
  const anchor = ['--anchor', at('anchor/acme.checkpoints.jsonl')];
  expect(await verify(at('acme.jsonl'), anchor)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /9 sealed records, 1 not sealed yet[\s\S]*3 anchored[\s\S]*sequence 8[\s\S]*Nothing is wrong/,
    ),
  });
  expect((await verify(at('acme.jsonl'))).stdout).toContain('No anchored checkpoint was compared');
  const lines = readFileSync(at('acme.jsonl'), 'utf8').split('\n');
  writeFileSync(at('edited.jsonl'), lines.map(line => line.replace('"succeeded"', '"denied"')).join('\n'));
  expect(await verify(at('edited.jsonl'), anchor)).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/EDITED: Record aud_\w+ \(sequence 0\)/),
  });
  expect(await verify(at('other.pem'))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('first line'),
  });
});

test('one record can be proven without showing the others', async () => {
  const { rows } = await withClient(database.superuserUrl, client =>
    client.query('select record_id from audit_leaves where sequence = 4'),
  );
  const { stdout } = await admin(['audit', 'prove', rows[0].record_id, '--tenant', 'acme']);
  writeFileSync(at('proof.json'), stdout);
  expect(openCheckpoint(JSON.parse(stdout).checkpoint, [readVerifier(publicKey)])?.size).toBe(9);
  expect(await verify(at('proof.json'), ['--proof'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('is number 4 of 9 in the audit runtimeai-audit/dev/acme'),
  });
  writeFileSync(at('forged.json'), stdout.replace('"Ada"', '"Eve"'));
  expect(await verify(at('forged.json'), ['--proof'])).toMatchObject({ code: 1 });
});

test('a database that was restored from yesterday is told by the anchor', async () => {
  const now = ['audit', 'verify', '--database', '--tenant', 'acme', '--public-key', publicKey];
  const anchor = ['--anchor', at('anchor')];
  expect(await admin([...now, ...anchor])).toMatchObject({ code: 0 });
  await withClient(database.superuserUrl, async client => {
    await client.query('begin; set local session_replication_role = replica');
    for (const table of [
      'leaves where sequence >= 6',
      'checkpoints where size > 6',
      'nodes where (position + 1) * (1 << level) > 6',
    ])
      await client.query(`delete from audit_${table}`);
    await client.query(
      `delete from audit_records where id not in (select record_id from audit_leaves); commit`,
    );
  });
  expect(await admin([...now, ...anchor])).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/TRUNCATED: The anchor holds a checkpoint of (7|9) records/),
  });
  expect(await admin(now)).toMatchObject({ code: 0 });
});

test('what is older than its retention leaves in signed files, and the rest is still proven', async () => {
  rmSync(at('anchor'), { recursive: true });
  const old = new Date();
  old.setUTCFullYear(old.getUTCFullYear() - 8);
  const month = old.toISOString().slice(0, 7);
  await withClient(database.superuserUrl, async client => {
    const name = `audit_records_${month.replace('-', '_')}`;
    await client.query(`create table ${name} partition of audit_records
      for values from ('${month}-01 00:00Z') to (timestamptz '${month}-01 00:00Z' + interval '1 month');
      alter table ${name} owner to runtimeai_owner;
      alter table ${name} enable row level security; alter table ${name} force row level security;
      create policy of_tenant on ${name} using (tenant_id = nullif(current_setting('app.tenant', true), ''));
      begin; set local session_replication_role = replica;
      update audit_records set at = '${month}-02 00:00Z' where id in (select record_id from audit_leaves where sequence < 2);
      update audit_leaves set at = '${month}-02 00:00Z' where sequence < 2; commit`);
  });
  const retention = ['audit', 'retention', '--out', at('segments')];
  expect(await admin([...retention, '--years', '9'])).toMatchObject({
    stdout: 'No month is older than 9 years.\n',
  });
  expect(await admin(retention)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('2 records written'),
  });
  expect(await admin([...retention, '--drop'])).toMatchObject({
    stdout: expect.stringContaining('dropped.'),
  });
  const segment = at(`segments/acme-${month}`);
  expect(readFileSync(`${segment}.jsonl`, 'utf8').trim().split('\n')).toHaveLength(2);
  expect(openNote(readFileSync(`${segment}.note`, 'utf8'), [readVerifier(publicKey)])).toContain(
    `\n${month}\n2\n`,
  );
  const now = ['audit', 'verify', '--database', '--tenant', 'acme', '--public-key', publicKey];
  expect(await admin(now)).toMatchObject({ code: 1, stdout: expect.stringContaining('MISSING') });
  const allowed = await admin([
    ...now,
    '--dropped-before',
    new Date(Date.now() - 7 * 365 * 86_400_000).toISOString(),
  ]);
  expect(allowed).toMatchObject({ code: 0, stdout: expect.stringContaining('2 dropped by retention') });
});
