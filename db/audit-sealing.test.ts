import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { leafHash } from '../audit/leaf.ts';
import { createLog } from '../process/log.ts';
import { AUDIT_KEY, AUDIT_SIGNER, auditRecord, untilSealable, verifiedAudit } from '../test/audit.ts';
import { freshDatabase, type TestDatabase, withClient } from '../test/postgres.ts';
import { type Anchor, openAnchor } from '../workers/audit-anchor.ts';
import { sealRound } from '../workers/audit-round.ts';
import { startAuditSealer } from '../workers/audit-sealer.ts';
import { createAnnounced } from './announced.ts';
import { appendAudit } from './audit.ts';
import { type Database, openAsOwner, openDatabase } from './database.ts';
import type { TenantSql } from './tables.ts';

let two: TwoEmpty;
let folder: string;
beforeEach(async () => {
  two = await twoEmptyTenants();
  folder = mkdtempSync(join(tmpdir(), 'runtimeai-anchor-'));
});
afterEach(async () => {
  await two.close();
  rmSync(folder, { recursive: true, force: true });
});

interface TwoEmpty {
  readonly database: TestDatabase;
  readonly db: Database;
  close(): Promise<void>;
}

/** Tenants of which nothing is in the audit yet. */
async function twoEmptyTenants(): Promise<TwoEmpty> {
  const database = await freshDatabase();
  const owner = openAsOwner(database.ownerUrl);
  for (const tenant of ['north', 'south'])
    await owner.inTenant(tenant, db => db.insertInto('tenants').defaultValues().execute());
  await owner.close();
  const db = await openDatabase(database.appUrl);
  const close = async () => {
    await db.close();
    await database.drop();
  };
  return { database, db, close };
}

const append = async (count: number, tenant = 'north') => {
  for (let index = 0; index < count; index += 1) await appendAudit(two.db.forTenant(tenant), auditRecord());
};
const write = async (count: number, tenant = 'north') => {
  await append(count, tenant);
  await untilSealable(two.database.superuserUrl);
};

const seal = (options: { batch?: number; anchor?: Anchor; tenant?: string } = {}) =>
  sealRound(
    { database: two.db, signer: AUDIT_SIGNER, anchor: openAnchor(folder), ...options },
    options.tenant ?? 'north',
  );

const fileOf = (tenant = 'north') => join(folder, `${tenant}.checkpoints.jsonl`);
const anchoredLines = () => readFileSync(fileOf(), 'utf8').split('\n').filter(Boolean);
const anchors = () => anchoredLines().map(line => JSON.parse(line).note as string);
const verified = () => verifiedAudit(two.db, { tenant: 'north', anchors: anchors() });
const asSuperuser = (statement: string) =>
  withClient(two.database.superuserUrl, client => client.query(statement));
/** As whoever has the database in hand, past triggers and row-level security. */
const tamper = (statement: string) => asSuperuser(`set session_replication_role = replica; ${statement}`);

describe('sealing', () => {
  test('puts every record into the tree of its tenant, and every checkpoint into the anchor', async () => {
    await write(3);
    expect(await seal()).toMatchObject({ sealed: 3, size: 3, more: false, oldestUnsealed: undefined });
    expect(await seal()).toMatchObject({ sealed: 0, size: 3 });
    await write(4);
    await write(2, 'south');
    expect(await seal({ batch: 3 })).toMatchObject({ sealed: 3, size: 6, more: true });
    expect(await seal({ batch: 3 })).toMatchObject({ sealed: 1, size: 7, more: false });
    expect(await verified()).toMatchObject({
      records: 7,
      unsealed: 0,
      checkpoints: 4,
      anchors: 3,
      provenTo: { size: 7 },
      findings: [],
    });
    expect(await verifiedAudit(two.db, { tenant: 'south' })).toMatchObject({ unsealed: 2, findings: [] });
  });

  test('waits for a transaction that began before, so that its record is never passed over', async () => {
    const open = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const slow = two.db.inTenant('north', async db => {
      await appendAudit(db, auditRecord({ action: 'test.slow' }));
      written.resolve();
      await open.promise;
    });
    await written.promise;
    await append(2);
    const waiting = await seal();
    open.resolve();
    await slow;
    await untilSealable(two.database.superuserUrl);
    expect(waiting).toMatchObject({ sealed: 0, oldestUnsealed: expect.any(Date) });
    expect(await seal()).toMatchObject({ sealed: 3 });
    expect((await verified()).findings).toEqual([]);
  });

  test('passes over nothing while many write, some slowly and some in vain', async () => {
    let done = false;
    const sealing = (async () => {
      while (!done) await seal({ batch: 4 });
    })();
    const committed: string[] = [];
    const writer = async (name: number) => {
      for (let turn = 0; turn < 12; turn += 1) {
        const action = `test.${name}.${turn}`;
        const written = two.db.inTenant('north', async db => {
          await appendAudit(db, auditRecord({ action }));
          for (let pause = 0; pause < (name * turn) % 7; pause += 1) await appendSlowly(db);
          if (turn % 4 === 0) throw new Error('on purpose');
        });
        await written.then(
          () => committed.push(action),
          () => undefined,
        );
      }
    };
    await Promise.all([1, 2, 3, 4, 5, 6].map(writer));
    done = true;
    await sealing;
    await untilSealable(two.database.superuserUrl);
    while ((await seal())?.sealed);
    const { rows } = await asSuperuser(
      `select r.action from audit_leaves l join audit_records r on r.id = l.record_id where r.action like 'test.%'`,
    );
    expect(rows.map(row => row.action).sort()).toEqual(committed.sort());
    expect(await verified()).toMatchObject({ unsealed: 0, findings: [] });
  });

  const appendSlowly = (db: TenantSql) => appendAudit(db, auditRecord({ action: 'slow' }));

  test('is done by one of several at a time', async () => {
    await write(60);
    const rounds = await Promise.all(Array.from({ length: 6 }, () => seal({ batch: 10 })));
    const sealed = rounds.reduce((sum, round) => sum + (round?.sealed ?? 0), 0);
    expect(sealed).toBeGreaterThan(0);
    while ((await seal({ batch: 10 }))?.sealed);
    expect(await verified()).toMatchObject({ records: 60, unsealed: 0, findings: [] });
  });

  test('goes on after a dump was restored on another server, whose transactions count from the start', async () => {
    await write(3);
    await seal();
    await write(2);
    await tamper(`update audit_records set xid = (xid::text::bigint + 1000000000)::text::xid8;
      update audit_leaves set xid = (xid::text::bigint + 1000000000)::text::xid8`);
    await write(2);
    expect(await seal()).toMatchObject({ sealed: 2 });
    expect(await seal()).toMatchObject({ sealed: 2 });
    await write(1);
    expect(await seal()).toMatchObject({ sealed: 1, size: 8 });
    expect(await verified()).toMatchObject({ records: 8, unsealed: 0, findings: [] });
  });
});

describe('sealing that is killed', () => {
  test('between database and anchor makes it up', async () => {
    const broken: Anchor = {
      ...openAnchor(folder),
      append: async () => {
        throw new Error('the disk is full');
      },
    };
    await write(3);
    await expect(seal({ anchor: broken })).rejects.toThrow('the disk is full');
    expect(await seal()).toMatchObject({ sealed: 0, size: 3 });
    expect(await verified()).toMatchObject({ provenTo: { size: 3 }, findings: [] });
  });

  test('while it wrote a line leaves half of it, which spoils no other', async () => {
    await write(1);
    await seal();
    appendFileSync(fileOf(), '{"tenant":"north","si');
    await write(1);
    await seal();
    expect(anchoredLines()).toHaveLength(3);
    expect(JSON.parse(anchoredLines()[2] ?? '')).toMatchObject({ size: 2 });
  });

  test('anywhere, again and again, loses and doubles nothing', async () => {
    const program = fileURLToPath(new URL('../test/fakes/audit-sealer.ts', import.meta.url));
    let writing = true;
    const writers = (async () => {
      while (writing) await append(1);
    })();
    const sealed = async () => Number((await asSuperuser('select count(*) from audit_leaves')).rows[0].count);
    for (let kill = 0; kill < 5; kill += 1) {
      const args = ['--experimental-transform-types', '--no-warnings', program];
      const sealer = spawn(process.execPath, [...args, two.database.appUrl, AUDIT_KEY, folder]);
      const before = await sealed();
      await expect.poll(sealed, { interval: 1 }).toBeGreaterThan(before + 20 + kill * 7);
      sealer.kill('SIGKILL');
      await once(sealer, 'exit');
    }
    writing = false;
    await writers;
    await expect.poll(() => seal()).toMatchObject({ sealed: 0, oldestUnsealed: undefined });
    const parsable = anchoredLines().flatMap(line =>
      line.endsWith('}') ? (JSON.parse(line).note as string) : [],
    );
    const report = await verifiedAudit(two.db, { tenant: 'north', anchors: parsable });
    expect(report).toMatchObject({ unsealed: 0, findings: [] });
    expect(report.provenTo?.size).toBe(report.records);
  });
});

describe('sealing stops', () => {
  const restoreOlder = () =>
    tamper(`delete from audit_leaves where sequence >= 3; delete from audit_nodes where (position + 1) << level > 3;
      delete from audit_checkpoints where size > 3;
      delete from audit_records r where not exists (select from audit_leaves l where l.record_id = r.id)`);

  test('when the database was restored from an older copy', async () => {
    await write(3);
    await seal();
    await write(3);
    await seal();
    await restoreOlder();
    await write(5);
    await expect(seal()).rejects.toThrow(
      /holds a checkpoint of 6 records of north.*the database has sealed 3: it was/,
    );
    expect((await verified()).findings).toMatchObject([{ kind: 'truncated', from: 3, to: 6 }]);
  });

  test('when the tree was written anew', async () => {
    await write(4);
    await seal();
    await tamper('update audit_leaves set leaf = sha256(leaf); update audit_nodes set hash = sha256(hash)');
    await write(1);
    await expect(seal()).rejects.toThrow('those in the database are others: it was rewritten');
  });

  test('when part of the tree is gone', async () => {
    await write(4);
    await seal();
    await tamper('delete from audit_nodes where level = 2');
    await write(1);
    await expect(seal()).rejects.toThrow('lacks its node 2/0');
  });

  test('when a record was changed before it was sealed', async () => {
    await write(2);
    await tamper(`update audit_records set record = jsonb_set(record::jsonb, '{outcome}', '"denied"')`);
    await expect(seal()).rejects.toThrow(/audit record aud_\w+ is not as it was written/);
  });

  test('when the anchor is signed by another key', async () => {
    await write(1);
    await seal();
    const [line = ''] = anchoredLines();
    appendFileSync(fileOf(), `${line.replace('\\n1\\n', '\\n2\\n')}\n`);
    await write(1);
    await expect(seal()).rejects.toThrow('is not signed by the key of this installation');
  });

  test('with an error in the log, a metric and a record, once; the other tenants go on', async () => {
    await write(3);
    await seal();
    await write(3);
    await seal();
    await restoreOlder();
    const registry = new Registry();
    const errors: unknown[] = [];
    const log = Object.assign(createLog('test', 'error'), {
      error: (...line: unknown[]) => void errors.push(line.at(-1)),
    });
    const announced = createAnnounced();
    await write(1, 'south');
    const parts = { database: two.db, announced, log, registry, signer: AUDIT_SIGNER };
    const sealer = startAuditSealer({ ...parts, anchor: openAnchor(folder), gatherMs: 5, sweepMs: 20 });
    const metric = async (name: string) =>
      (await registry.getSingleMetricAsString(name)).split('\n').slice(2);
    await expect
      .poll(() => metric('runtimeai_audit_broken'))
      .toEqual(['runtimeai_audit_broken{tenant="north"} 1']);
    await expect.poll(() => metric('runtimeai_audit_size')).toEqual(['runtimeai_audit_size 1']);
    const broken = two.db
      .forTenant('north')
      .selectFrom('audit_records')
      .select('record')
      .where('action', '=', 'audit.broken');
    await expect.poll(() => broken.execute()).toHaveLength(1);
    await sealer.stop();
    expect(await broken.execute()).toHaveLength(1);
    expect(errors.filter(line => String(line).includes('the audit of north is broken'))).toHaveLength(1);
  });
});

describe('tampering with the database past everything is found by verification', () => {
  beforeEach(async () => {
    for (let round = 0; round < 3; round += 1) {
      await write(3);
      await seal();
    }
  });

  const at = (sequence: number) =>
    `(select record_id from audit_leaves where tenant_id = 'north' and sequence = ${sequence})`;

  test('edit', async () => {
    await tamper(
      `update audit_records set record = jsonb_set(record::jsonb, '{outcome}', '"denied"') where id = ${at(4)}`,
    );
    expect((await verified()).findings).toMatchObject([{ kind: 'edited', from: 4, to: 5 }]);
  });

  test('edit with a new leaf and a new tree', async () => {
    const { rows } = await asSuperuser(`select record from audit_records where id = ${at(4)}`);
    const record = { ...rows[0].record, outcome: 'denied' };
    const leaf = leafHash(record).toString('hex');
    await tamper(`update audit_records set record = '${JSON.stringify(record)}' where id = ${at(4)};
      update audit_leaves set leaf = '\\x${leaf}' where sequence = 4`);
    expect((await verified()).findings).toMatchObject([{ kind: 'forked', from: 3, to: 6 }]);
  });

  test('drop', async () => {
    await tamper(`delete from audit_records where id = ${at(4)}`);
    expect((await verified()).findings).toMatchObject([{ kind: 'missing', from: 4, to: 5 }]);
    await tamper('delete from audit_leaves where sequence = 4');
    expect((await verified()).findings[0]).toMatchObject({ kind: 'missing', from: 4, to: 5 });
  });

  test('insertion under an old transaction', async () => {
    await tamper(`insert into audit_records (tenant_id, id, at, xid, record, leaf, action, outcome, actor_id, object_kind)
      select tenant_id, 'aud_forged', at, xid, jsonb_set(record::jsonb, '{id}', '"aud_forged"'), leaf, action, outcome, actor_id,
        object_kind from audit_records where id = ${at(2)}`);
    await seal();
    expect(await verified()).toMatchObject({ records: 9, unsealed: 1 });
  });

  test('exchange of two', async () => {
    await tamper(`alter table audit_leaves drop constraint audit_leaves_tenant_id_record_id_key;
      update audit_leaves l set leaf = o.leaf, record_id = o.record_id, at = o.at
      from audit_leaves o where l.sequence in (6, 7) and o.sequence = 13 - l.sequence`);
    expect((await verified()).findings).toMatchObject([{ kind: 'forked', from: 6, to: 9 }]);
  });

  test('the end cut off, and the whole chain made anew', async () => {
    const kept = anchors();
    await tamper(`delete from audit_leaves where sequence >= 6; delete from audit_checkpoints where size > 6;
      delete from audit_records r where not exists (select from audit_leaves l where l.record_id = r.id)`);
    expect((await verified()).findings).toMatchObject([{ kind: 'truncated', from: 6, to: 9 }]);
    await tamper(`delete from audit_leaves; delete from audit_nodes; delete from audit_checkpoints;
      delete from audit_records`);
    rmSync(fileOf());
    await write(9);
    await seal();
    expect((await verifiedAudit(two.db, { tenant: 'north', anchors: kept })).findings).toMatchObject([
      { kind: 'forked', from: 0, to: 3 },
    ]);
  });
});
