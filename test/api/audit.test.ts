import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../audit/checkpoint.ts';
import { leafHash } from '../../audit/leaf.ts';
import { verifierOf } from '../../audit/note.ts';
import { provesInclusion } from '../../audit/proof.ts';
import { verifyExport } from '../../audit/verify.ts';
import { appendAudit } from '../../db/audit.ts';
import type { AuditRecord } from '../../domain/audit.ts';
import { newId } from '../../domain/ids.ts';
import { SYSTEM_TENANT } from '../../domain/tenant.ts';
import { sealRound } from '../../workers/audit-round.ts';
import { AUDIT_SIGNER, auditRecord, untilSealable } from '../audit.ts';
import { withClient } from '../postgres.ts';
import { startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture, type TestTenant } from './tenants.ts';

let tenants: TenantsFixture;
let server: TestServer;
let auditor: string;

beforeAll(async () => {
  tenants = await openTenants();
  server = await startServer(tenants);
  auditor = tenants.keyOf('acme', 'auditor');
});
afterAll(async () => {
  await server.close();
  await tenants.close();
});

const get = (path: string, key = auditor) => server.call({ path: `/v1/audit${path}`, key });
const happen = (changes: Parameters<typeof auditRecord>[0], tenant: TestTenant = 'acme') =>
  appendAudit(tenants.database.forTenant(tenant), auditRecord(changes));
const seal = async (tenant: TestTenant = 'acme') => {
  await untilSealable(tenants.superuserUrl);
  return sealRound({ database: tenants.database, signer: AUDIT_SIGNER, anchor: undefined }, tenant);
};
const actionsOf = (answer: { body: { items: AuditRecord[] } }) =>
  answer.body.items.map(({ action }) => action);

async function* linesOf(text: string): AsyncGenerator<string> {
  yield* text.split('\n');
}
const verify = (text: string) =>
  verifyExport({ lines: linesOf(text), believed: [verifierOf(AUDIT_SIGNER)], anchors: [] });

describe('the list', () => {
  test('is asked for by anything', async () => {
    const operation = newId('operation');
    const bob = { ...auditRecord().actor, id: 'prn_bob' };
    await happen({ action: 'list.one', actor: bob });
    await happen({
      action: 'list.two',
      object: { kind: 'runtime', id: 'rt_9', name: null },
      outcome: 'failed',
    });
    await happen({ action: 'list.three', operation_id: operation, project: 'payments' });
    expect(actionsOf(await get('?action=list.*'))).toEqual(['list.three', 'list.two', 'list.one']);
    expect(actionsOf(await get('?action=list.t*&outcome=failed'))).toEqual(['list.two']);
    expect(actionsOf(await get('?actor=prn_bob'))).toEqual(['list.one']);
    expect(actionsOf(await get('?object=rt_9&object_kind=runtime'))).toEqual(['list.two']);
    expect(actionsOf(await get(`?operation_id=${operation}`))).toEqual(['list.three']);
    expect(actionsOf(await get('?project=payments'))).toEqual(['list.three']);
    expect(actionsOf(await get('?action=list%25'))).toEqual([]);
    expect(actionsOf(await get('?action=l_st.*'))).toEqual([]);
  });

  test('goes by time', async () => {
    await happen({ action: 'time.before' });
    const at = new Date().toISOString();
    await expect.poll(() => new Date().toISOString()).not.toBe(at);
    const since = new Date().toISOString();
    await happen({ action: 'time.after' });
    expect(actionsOf(await get(`?action=time.*&since=${since}`))).toEqual(['time.after']);
    expect(actionsOf(await get(`?action=time.*&until=${since}`))).toEqual(['time.before']);
    expect((await get('?since=yesterday')).status).toBe(400);
  });

  test('comes page by page, each record once', async () => {
    for (let index = 0; index < 7; index += 1) await happen({ action: `page.${index}` });
    const seen: string[] = [];
    for (let token = ''; ; ) {
      const answer = await get(`?action=page.*&page_size=3${token && `&page_token=${token}`}`);
      seen.push(...actionsOf(answer));
      if (answer.body.next_page_token === null) break;
      token = answer.body.next_page_token;
    }
    expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0].map(index => `page.${index}`));
  });

  test('holds nothing of another tenant', async () => {
    await happen({ action: 'secret.globex' }, 'globex');
    expect(actionsOf(await get('?action=secret.*'))).toEqual([]);
    const [theirs] = (await get('?action=secret.*', tenants.keyOf('globex', 'auditor'))).body.items;
    expect((await get(`/${theirs.id}`)).status).toBe(404);
    expect((await get(`/${theirs.id}/proof`)).status).toBe(404);
  });
});

describe('the proof of a record', () => {
  test('leads from the record as it was answered to a signed checkpoint', async () => {
    for (let index = 0; index < 9; index += 1) await happen({ action: `proof.${index}` });
    const [{ id }] = (await get('?action=proof.3')).body.items;
    expect((await get(`/${id}/proof`)).body.code).toBe('audit_not_sealed');
    await seal();
    await happen({ action: 'proof.later' });
    await seal();
    const { body: record } = await get(`/${id}`);
    const { body: proof } = await get(`/${id}/proof`);
    const checkpoint = openCheckpoint(proof.checkpoint.note, [verifierOf(AUDIT_SIGNER)]);
    if (checkpoint === undefined) throw new Error('The checkpoint is not signed');
    expect(checkpoint).toMatchObject({ size: proof.checkpoint.size, origin: 'runtimeai-audit/dev/acme' });
    const path = proof.path.map((hash: string) => Buffer.from(hash, 'base64'));
    const leaf = leafHash(record);
    const { sequence } = proof;
    expect(provesInclusion({ sequence, size: checkpoint.size, leaf, path }, checkpoint.root)).toBe(true);
    const other = leafHash({ ...record, outcome: 'denied' });
    expect(provesInclusion({ sequence, size: checkpoint.size, leaf: other, path }, checkpoint.root)).toBe(
      false,
    );
  });

  test('is over the newest of the checkpoints, which come page by page', async () => {
    const { body } = await get('/checkpoints?page_size=1');
    const next = await get(`/checkpoints?page_size=1&page_token=${body.next_page_token}`);
    expect(body.items[0].size).toBe(next.body.items[0].size + 1);
  });
});

describe('an export', () => {
  test('is whole, verifies offline, and is recorded itself', async () => {
    await seal();
    const { body, headers } = await get('/export');
    expect(headers.get('content-type')).toBe('application/jsonl');
    const report = await verify(body);
    expect(report.findings).toEqual([]);
    expect(report.records).toBeGreaterThan(10);
    expect(report.unsealed).toBeGreaterThan(0);
    const [exported] = (await get('?action=audit.export')).body.items;
    expect(exported).toMatchObject({ outcome: 'accepted', actor: { name: 'acme-auditor' } });
  });

  test('of a time verifies as well', async () => {
    await happen({ action: 'export.before' });
    await expect.poll(() => Date.now()).toBeGreaterThan(Date.now());
    const since = new Date().toISOString();
    await happen({ action: 'export.after' });
    await seal();
    const { body } = await get(`/export?since=${since}`);
    expect(body).toContain('export.after');
    expect(body).not.toContain('list.one');
    expect((await verify(body)).findings).toEqual([]);
  });

  test('needs its own permission', async () => {
    const answer = await get('/export', tenants.keyOf('acme', 'developer'));
    expect([answer.status, answer.body.code]).toEqual([403, 'permission_missing']);
  });
});

describe('what is denied or refused is recorded', () => {
  const recordedIn = async (tenant: string, action: string) => {
    const rows = await tenants.database
      .forTenant(tenant)
      .selectFrom('audit_records')
      .select('record')
      .where('action', '=', action)
      .orderBy('id')
      .execute();
    return rows.map(({ record }) => record);
  };

  test('a missing permission: who, what, why, from where', async () => {
    const key = tenants.keyOf('acme', 'viewer');
    const answer = await server.call({ path: '/v1/policies', body: { name: 'x', rules: [] }, key });
    expect(answer.status).toBe(403);
    await expect
      .poll(() => recordedIn('acme', 'createPolicy'))
      .toMatchObject([
        {
          actor: { name: 'acme-viewer', kind: 'human' },
          outcome: 'denied',
          reason: expect.stringContaining(
            'permission_missing: acme-viewer needs the permission policy:write',
          ),
          origin: { address: '127.0.0.1', request_id: answer.headers.get('x-request-id') },
          details: { status: 403, route: 'POST /v1/policies' },
        },
      ]);
  });

  test('a stranger, in the audit of nobody’s tenant', async () => {
    await server.call({ path: '/v1/tenants' });
    await expect
      .poll(() => recordedIn(SYSTEM_TENANT, 'listTenants'))
      .toMatchObject([{ actor: { kind: 'unknown' }, outcome: 'denied', origin: { address: '127.0.0.1' } }]);
  });

  test('something that is not the caller’s', async () => {
    const id = newId('policy');
    await server.call({ path: `/v1/policies/${id}`, key: auditor });
    await expect
      .poll(() => recordedIn('acme', 'getPolicy'))
      .toMatchObject([
        { outcome: 'refused', object: { kind: 'policy', id }, details: { code: 'not_found' } },
      ]);
  });

  test('a command that cannot be carried out', async () => {
    const key = tenants.keyOf('acme', 'super_admin');
    for (const _ of [1, 2]) await server.call({ path: '/v1/tenants', body: { id: 'taken' }, key });
    await expect
      .poll(() => recordedIn('acme', 'createTenant'))
      .toMatchObject([{ outcome: 'refused', details: { code: 'name_taken' } }]);
  });

  test('never with a secret, wherever somebody put one', async () => {
    const canary = `rtai_test_canary00_${'c4n4ry'.repeat(5)}_x`;
    const headers = { authorization: `Bearer ${canary}`, 'x-request-id': canary };
    await server.call({ path: `/v1/policies/${canary}?token=${canary}`, headers });
    await server.call({ path: `/v1/policies/${canary}`, key: auditor });
    await server.call({
      path: `/v1/runtimes/${canary}/lifecycle/start`,
      method: 'POST',
      key: tenants.keyOf('acme', 'developer'),
    });
    await server.call({ path: `/v1/projects/${canary}`, headers: { tenant_id: canary }, key: auditor });
    await expect.poll(async () => (await recordedIn('acme', 'getProject')).length).toBeGreaterThan(0);
    await expect.poll(async () => (await recordedIn('acme', 'startRuntime')).length).toBeGreaterThan(0);
    await expect.poll(async () => (await recordedIn(SYSTEM_TENANT, 'getPolicy')).length).toBeGreaterThan(0);
    const { rows } = await withClient(tenants.superuserUrl, client =>
      client.query<{ record: string }>('select record::text from audit_records'),
    );
    expect(rows.filter(({ record }) => record.includes('c4n4ry'))).toEqual([]);
    expect(rows.filter(({ record }) => record.includes('[redacted]')).length).toBeGreaterThan(0);
  });

  test('is never the reason why a request gets no answer', async () => {
    await withClient(tenants.superuserUrl, async client => {
      await client.query('revoke insert on audit_records from runtimeai_app');
      try {
        const answer = await server.call({
          path: '/v1/policies',
          body: {},
          key: tenants.keyOf('acme', 'viewer'),
        });
        expect(answer.status).toBe(403);
        await expect
          .poll(() => server.registry.getSingleMetricAsString('runtimeai_audit_denials_lost_total'))
          .toMatch(/ 1$/m);
        expect(server.logged.join('')).toContain('could not be written to the audit');
      } finally {
        await client.query('grant insert on audit_records to runtimeai_app');
      }
    });
  });
});
