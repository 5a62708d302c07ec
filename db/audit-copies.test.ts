import { afterEach, beforeEach, expect, test } from 'vitest';
import { AUDIT_SIGNER, auditRecord, untilSealable } from '../test/audit.ts';
import { freshDatabase, type TestDatabase, withClient } from '../test/postgres.ts';
import { sealRound } from '../workers/audit-round.ts';
import { appendAudit } from './audit.ts';
import { findWrongCopies } from './audit-copies.ts';
import { type Database, openAsOwner, openDatabase } from './database.ts';

let database: TestDatabase;
let db: Database;
beforeEach(async () => {
  database = await freshDatabase();
  const owner = openAsOwner(database.ownerUrl);
  for (const tenant of ['north', 'south'])
    await owner.inTenant(tenant, sql => sql.insertInto('tenants').defaultValues().execute());
  await owner.close();
  db = await openDatabase(database.appUrl);
  for (const count of [3, 4, 4]) {
    for (let index = 0; index < count; index += 1)
      await appendAudit(db.forTenant('north'), auditRecord({ project: 'payments' }));
    await untilSealable(database.superuserUrl);
    await sealRound({ database: db, signer: AUDIT_SIGNER, anchor: undefined }, 'north');
  }
  await appendAudit(db.forTenant('north'), auditRecord());
});
afterEach(async () => {
  await db.close();
  await database.drop();
});

const found = () => findWrongCopies(work => work(db.forTenant('north')));
const tamper = (statement: string) =>
  withClient(database.superuserUrl, client =>
    client.query(`set session_replication_role = replica; ${statement}`),
  );
const at = (sequence: number) =>
  `(select record_id from audit_leaves where tenant_id = 'north' and sequence = ${sequence})`;

test('nothing is wrong where nobody changed anything', async () => {
  expect(await found()).toEqual([]);
  expect(await findWrongCopies(work => work(db.forTenant('south')))).toEqual([]);
});

test.each([
  ['action', `'policy.read'`],
  ['outcome', `'denied'`],
  ['actor_id', `'prn_eve'`],
  ['object_kind', `'nothing'`],
  ['object_id', 'null'],
  ['operation_id', `'op_1'`],
  ['project', `'secret'`],
  ['leaf', `sha256('x')`],
])('a record kept under another %s is named', async (column, value) => {
  await tamper(`update audit_records set ${column} = ${value} where id = ${at(5)}`);
  expect(await found()).toMatchObject([
    { kind: 'misfiled', from: 5, to: 6, message: expect.stringContaining(`another ${column} than it says`) },
  ]);
});

test('a record moved in time together with its leaf is named', async () => {
  await tamper(`update audit_records set at = at - interval '1 day' where id = ${at(2)};
    update audit_leaves set at = at - interval '1 day' where sequence = 2`);
  expect(await found()).toMatchObject([
    { kind: 'misfiled', from: 2, message: expect.stringContaining('another at') },
  ]);
});

test('a node of the tree that is another, is gone or was put in is named', async () => {
  await tamper(`update audit_nodes set hash = sha256('x') where level = 1 and position = 2`);
  expect(await found()).toMatchObject([
    { kind: 'misfiled', from: 4, to: 6 },
    { kind: 'misfiled', from: 4, to: 8 },
  ]);
  await tamper('delete from audit_nodes where level = 1 and position = 2');
  expect((await found()).map(({ from, to }) => [from, to])).toEqual([
    [4, 6],
    [4, 8],
  ]);
  await tamper(
    `insert into audit_nodes (tenant_id, level, position, hash) values ('north', 1, 7, sha256('y'))`,
  );
  expect((await found()).map(({ from, to }) => [from, to])).toContainEqual([14, 16]);
});

test('a leaf behind the newest checkpoint is named', async () => {
  await tamper(`insert into audit_leaves (tenant_id, sequence, record_id, at, xid, leaf)
    values ('north', 11, 'aud_x', now(), pg_current_xact_id(), sha256('x'))`);
  expect(await found()).toContainEqual({
    kind: 'inserted',
    from: 11,
    to: 12,
    recordId: 'aud_x',
    message: expect.stringContaining('behind the newest checkpoint'),
  });
});

test('a checkpoint that says other than its signed note is named', async () => {
  await tamper(`update audit_checkpoints set root = sha256('x') where size = 7`);
  expect(await found()).toMatchObject([
    { kind: 'misfiled', message: expect.stringContaining('under 7 records') },
  ]);
});
