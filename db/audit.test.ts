import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leafHash } from '../audit/leaf.ts';
import type { NewAuditRecord } from '../domain/audit.ts';
import { withClient } from '../test/postgres.ts';
import { type TwoTenants, twoTenants } from '../test/tenants.ts';
import { appendAudit } from './audit.ts';
import { type NewEvent, writingEvent } from './events.ts';

let two: TwoTenants;
beforeAll(async () => {
  two = await twoTenants();
});
afterAll(() => two.close());

const acme = () => two.db.forTenant('acme');

const ADA: NewAuditRecord = {
  actor: { id: 'prn_ada', name: 'Ada "the" first', kind: 'human', on_behalf_of: null, credential: 'k1' },
  action: 'policy.create',
  object: { kind: 'policy', id: 'pol_1', name: 'no-production' },
  outcome: 'succeeded',
};

const records = (action: string, tenant = 'acme') =>
  two.db.forTenant(tenant).selectFrom('audit_records').selectAll().where('action', '=', action).execute();

describe('appendAudit', () => {
  test('writes a record of the transaction’s tenant whose leaf anyone can compute from the record alone', async () => {
    const nasty = {
      ...ADA,
      action: 'test.nasty',
      reason: 'quote " backslash \\ tab \t NUL \u0000 half \ud800 snow ☃ 𝄞 ","tenant_id":"globex',
      details: { tenant_id: 'globex', 'key "x"': 'v', whole: 12, part: 1.5, yes: true, nothing: null },
    };
    await appendAudit(acme(), nasty);
    const [row] = await records('test.nasty');
    if (row === undefined) throw new Error('The record is not there');
    expect(row.record).toMatchObject({ tenant_id: 'acme', id: row.id, at: row.at.toISOString() });
    expect(row.record.details).toEqual({ ...nasty.details, part: '1.5' });
    expect(row.leaf).toEqual(leafHash(row.record));
  });

  test('is undone with the transaction it is part of', async () => {
    const failing = two.db.inTenant('acme', async db => {
      await appendAudit(db, { ...ADA, action: 'test.undone' });
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    expect(await records('test.undone')).toEqual([]);
  });

  test('cuts what is too long, so that no request can fill the database', async () => {
    await appendAudit(acme(), { ...ADA, action: 'test.long', reason: 'x'.repeat(100_000) });
    expect((await records('test.long'))[0]?.record.reason).toHaveLength(2_000);
  });

  test('keeps the records of one tenant from another', async () => {
    await appendAudit(acme(), { ...ADA, action: 'test.mine' });
    expect(await records('test.mine', 'globex')).toEqual([]);
  });

  test('announces the tenant, so that the record is sealed at once', async () => {
    await withClient(two.database.appUrl, async client => {
      const heard: (string | undefined)[] = [];
      client.on('notification', ({ payload }) => heard.push(payload));
      await client.query('listen runtimeai_audit');
      await appendAudit(acme(), { ...ADA, action: 'test.announced' });
      await expect.poll(() => heard).toEqual(['acme']);
    });
  });
});

describe('an event with a record', () => {
  const event: NewEvent = {
    type: 'test',
    severity: 'info',
    actor: 'system',
    message: 'm',
    audit: { ...ADA, action: 'test.event' },
  };
  const write = (source: ReturnType<typeof sql>, audit = 'test.event') =>
    sql`with source as (${source}), ${writingEvent({ ...event, audit: { ...ADA, action: audit } }, 'source')}`.execute(
      acme(),
    );

  test('writes the record also where no runtime exists', async () => {
    await write(sql`select null::text as runtime_id`, 'test.no-runtime');
    expect(await records('test.no-runtime')).toHaveLength(1);
  });

  test('writes none when the step is not written', async () => {
    await write(sql`select 'rt_x'::text as runtime_id where false`, 'test.no-step');
    expect(await records('test.no-step')).toEqual([]);
  });
});

describe('what is written', () => {
  const forbidden = [
    'update audit_records set at = now()',
    'delete from audit_records',
    'truncate audit_records',
  ];

  test.each([
    ...forbidden,
    'update audit_leaves set sequence = 7',
    'delete from audit_nodes',
    'truncate audit_checkpoints',
    'truncate audit_records_default',
  ])('the application may not change: %s', async statement => {
    await withClient(two.database.appUrl, client =>
      expect(client.query(statement)).rejects.toThrow('permission denied'),
    );
  });

  test.each(forbidden)('the owner and the superuser may not change: %s', async statement => {
    await appendAudit(acme(), ADA);
    for (const url of [two.database.ownerUrl, two.database.superuserUrl]) {
      await withClient(url, async client => {
        await client.query(`select set_config('app.tenant', 'acme', false)`);
        await expect(client.query(statement)).rejects.toThrow('only ever added to');
      });
    }
  });

  test('lies in the partition of its month, and in none that lets the application in directly', async () => {
    await appendAudit(acme(), { ...ADA, action: 'test.partition' });
    const { rows } = await withClient(two.database.superuserUrl, client =>
      client.query<{ partition: string; month: string; allowed: boolean }>(`
        select tableoid::regclass::text as partition, to_char(at at time zone 'UTC', 'YYYY_MM') as month,
          has_table_privilege('runtimeai_app', tableoid, 'select, insert') as allowed
        from audit_records where action = 'test.partition'`),
    );
    expect(rows).toEqual([
      { partition: `audit_records_${rows[0]?.month}`, month: expect.any(String), allowed: false },
    ]);
  });

  test('can always be written: what is of no month with a partition goes to the default', async () => {
    await withClient(two.database.superuserUrl, async client => {
      const { rows } = await client.query<{ count: number }>(`
        with written as (
          insert into audit_records (tenant_id, id, at, record, leaf, action, outcome, actor_id, object_kind)
          values ('acme', 'aud_old', '1999-01-01', '{}', sha256('x'), 'test', 'failed', 'a', 'o')
          returning tableoid::regclass::text as partition)
        select count(*)::int from written where partition = 'audit_records_default'`);
      expect(rows).toEqual([{ count: 1 }]);
    });
  });
});

test('the application can make the partitions of the months to come, once', async () => {
  await withClient(two.database.appUrl, async client => {
    const make = () => client.query<{ made: number }>('select make_audit_partitions(6) as made');
    expect((await make()).rows).toEqual([{ made: 3 }]);
    expect((await make()).rows).toEqual([{ made: 0 }]);
  });
});
