import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AUDIT_SIGNER, auditRecord, untilSealable } from '../test/audit.ts';
import { freshDatabase, type TestDatabase, withClient } from '../test/postgres.ts';
import { type Anchor, openAnchor } from '../workers/audit-anchor.ts';
import { sealRound } from '../workers/audit-round.ts';
import { appendAudit } from './audit.ts';
import { type Database, openAsOwner, openDatabase } from './database.ts';

let database: TestDatabase;
let db: Database;
let folder: string;
beforeEach(async () => {
  database = await freshDatabase();
  folder = mkdtempSync(join(tmpdir(), 'runtimeai-anchor-'));
  const owner = openAsOwner(database.ownerUrl);
  await owner.inTenant('north', sql => sql.insertInto('tenants').defaultValues().execute());
  await owner.close();
  db = await openDatabase(database.appUrl);
});
afterEach(async () => {
  await db.close();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

const write = async (count: number) => {
  for (let index = 0; index < count; index += 1) await appendAudit(db.forTenant('north'), auditRecord());
  await untilSealable(database.superuserUrl);
};
const seal = (anchor?: Anchor) => sealRound({ database: db, signer: AUDIT_SIGNER, anchor }, 'north');
const tamper = (statement: string) =>
  withClient(database.superuserUrl, client =>
    client.query(`set session_replication_role = replica; ${statement}`),
  );

test('an anchor that begins anew is told and recorded, the first one is not', async () => {
  const recorded = () =>
    db
      .forTenant('north')
      .selectFrom('audit_records')
      .select('record')
      .where('action', '=', 'audit.anchored_anew')
      .execute();
  await write(3);
  expect((await seal(openAnchor(folder)))?.anchoredAnew).toBeUndefined();
  await write(1);
  expect((await seal(openAnchor(folder)))?.anchoredAnew).toBeUndefined();
  rmSync(folder, { recursive: true });
  await write(1);
  expect(await seal(openAnchor(folder))).toMatchObject({ size: 5, anchoredAnew: 5 });
  expect(await recorded()).toMatchObject([
    {
      record: {
        outcome: 'succeeded',
        reason: expect.stringContaining(`${folder} holds nothing of north, of which 5 records are sealed`),
      },
    },
  ]);
});

test.each([
  [
    'a leaf was put in behind the newest checkpoint',
    `insert into audit_leaves (tenant_id, sequence, record_id, at, xid, leaf)
      values ('north', 4, 'aud_x', now(), pg_current_xact_id(), sha256('x'))`,
    /the tree holds 5 records and its newest checkpoint is of 4/,
  ],
  [
    'a checkpoint was put in',
    `insert into audit_checkpoints (tenant_id, size, root, note, signed_at)
      values ('north', 5, sha256('x'), 'forged', now())`,
    /the tree holds 4 records and its newest checkpoint is of 5/,
  ],
  [
    'the newest checkpoint was made by somebody else',
    `update audit_checkpoints set note = replace(note, 'runtimeai-audit/dev', 'runtimeai-audit/eve')`,
    /newest checkpoint in the database is not signed by the key of this installation/,
  ],
  [
    'the tree is not that of the newest checkpoint',
    `update audit_nodes set hash = sha256('x')`,
    /the tree is not that of its newest checkpoint/,
  ],
])('sealing stops without an anchor as well when %s', async (_, statement, told) => {
  await write(4);
  await seal();
  await tamper(statement);
  await write(1);
  await expect(seal()).rejects.toThrow(told);
});
