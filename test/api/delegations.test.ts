import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findApprovers } from '../../db/approvers.ts';
import { newId } from '../../domain/ids.ts';
import { makePerson, type Person } from './people.ts';
import { startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture } from './tenants.ts';

let tenants: TenantsFixture;
let server: TestServer;
let dora: Person;
let emil: Person;
let bot: Person;

beforeAll(async () => {
  tenants = await openTenants();
  server = await startServer(tenants);
  dora = await makePerson(tenants.database, { name: 'dora', roles: ['operator'] });
  emil = await makePerson(tenants.database, { name: 'emil', roles: ['developer'] });
  bot = await makePerson(tenants.database, { name: 'bot', roles: ['operator'], ownerId: dora.id });
});

afterAll(async () => {
  await server.close();
  await tenants.close();
});

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
const create = (body: object, key = dora.key, headers: Record<string, string> = {}) =>
  server.call({ path: '/v1/delegations', key, headers, body: { to: emil.id, until: inDays(1), ...body } });
const revoke = (id: string, key = dora.key) =>
  server.call({ path: `/v1/delegations/${id}`, method: 'DELETE', key });
const admin = () => tenants.keyOf('acme', 'tenant_admin');
const delegatorsOf = async (id: string) =>
  (await findApprovers(tenants.database.forTenant('acme'), [id])).find(each => each.id === id)?.inPlaceOf;
const audited = (id: string) =>
  tenants.database
    .forTenant('acme')
    .selectFrom('audit_records')
    .select('record')
    .where('object_id', '=', id)
    .orderBy('id')
    .execute();

describe('a delegation', () => {
  test('holds until it is ended, and leaves two audit records', async () => {
    const created = await create({ reason: 'on holiday' });
    expect(created).toMatchObject({
      status: 201,
      body: {
        from: { id: dora.id, name: 'dora' },
        to: { id: emil.id, name: 'emil' },
        reason: 'on holiday',
        revoked_at: null,
      },
    });
    const { id } = created.body;
    expect(created.headers.get('location')).toBe(`/v1/delegations/${id}`);
    expect((await server.call({ path: `/v1/delegations/${id}`, key: emil.key })).body).toEqual(created.body);
    expect(await delegatorsOf(emil.id)).toEqual([dora.id]);
    expect((await revoke(id)).status).toBe(204);
    expect(await delegatorsOf(emil.id)).toEqual([]);
    expect((await revoke(id)).status).toBe(204);
    expect((await audited(id)).map(({ record }) => record)).toMatchObject([
      { action: 'delegation.create', actor: { id: dora.id }, details: { from: dora.id, to: emil.id } },
      { action: 'delegation.revoke', actor: { id: dora.id } },
    ]);
  });

  test('ends by itself', async () => {
    const { body } = await create({ until: new Date(Date.now() + 1500).toISOString() });
    expect(await delegatorsOf(emil.id)).toEqual([dora.id]);
    await expect.poll(() => delegatorsOf(emil.id)).toEqual([]);
    const ended = await server.call({ path: '/v1/delegations?view=ended', key: dora.key });
    expect(ended.body.items.map((item: { id: string }) => item.id)).toContain(body.id);
  });

  test.each([
    ['without an end', { until: undefined }, 400, '/until'],
    ['with an end in the past', { until: inDays(-1) }, 422, '/until'],
    ['of more than 90 days', { until: inDays(91) }, 422, '/until'],
    ['to nobody', { to: 'prn_nobody' }, 422, '/to'],
    ['with a word too many', { forever: true }, 400, '/forever'],
  ])('%s is refused', async (_, body, status, pointer) => {
    const answer = await create(body);
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([status, pointer]);
  });

  test('to oneself, to an agent or from an agent is refused', async () => {
    const refused = async (body: object, key?: string) => {
      const answer = await create(body, key);
      return [answer.status, answer.body.errors[0].pointer];
    };
    expect(await refused({ to: dora.id })).toEqual([422, '/to']);
    expect(await refused({ to: bot.id })).toEqual([422, '/to']);
    expect(await refused({}, bot.key)).toEqual([422, '/from']);
  });

  test('from somebody else needs member:write', async () => {
    const other = await create({ from: dora.id }, tenants.keyOf('acme', 'operator'));
    expect([other.status, other.body.code]).toEqual([403, 'permission_missing']);
    const byAdmin = await create({ from: dora.id }, admin());
    expect(byAdmin.body).toMatchObject({ from: { id: dora.id } });
    expect((await revoke(byAdmin.body.id, admin())).status).toBe(204);
  });

  test('is ended by either of the two or an administrator, and by nobody else', async () => {
    const byThem = (await create({})).body.id;
    expect((await revoke(byThem, tenants.keyOf('acme', 'operator'))).status).toBe(403);
    expect((await revoke(byThem, emil.key)).status).toBe(204);
    expect((await revoke(newId('delegation'))).status).toBe(404);
  });

  test('of another tenant is not there', async () => {
    const { id } = (await create({})).body;
    const key = tenants.keyOf('globex', 'tenant_admin');
    expect((await server.call({ path: `/v1/delegations/${id}`, key })).status).toBe(404);
    expect((await revoke(id, key)).status).toBe(404);
    const across = await server.call({
      path: '/v1/delegations',
      key,
      body: { to: emil.id, until: inDays(1) },
    });
    expect([across.status, across.body.errors[0].pointer]).toEqual([422, '/to']);
    await revoke(id);
  });

  test('is made once for an Idempotency-Key, however often it is sent', async () => {
    const [key, until] = [newId('event'), inDays(2)];
    const sent = await Promise.all(
      Array.from({ length: 5 }, () => create({ until }, dora.key, { 'idempotency-key': key })),
    );
    expect(new Set(sent.map(({ body }) => body.id)).size).toBe(1);
    expect(sent.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(4);
    expect(await audited(sent[0]?.body.id)).toHaveLength(1);
    await revoke(sent[0]?.body.id);
  });
});

describe('the list of delegations', () => {
  test('shows all to whoever reads the members, and their own to those who are limited to a project', async () => {
    const { id } = (await create({})).body;
    const limited = await makePerson(tenants.database, {
      name: 'limited',
      roles: ['operator'],
      project: 'default',
    });
    const ids = async (key: string, query = '') => {
      const { body } = await server.call({ path: `/v1/delegations?view=live${query}`, key });
      return body.items.map((item: { id: string }) => item.id);
    };
    expect(await ids(tenants.keyOf('acme', 'auditor'))).toEqual([id]);
    expect(await ids(tenants.keyOf('acme', 'auditor'), `&principal_id=${bot.id}`)).toEqual([]);
    expect(await ids(limited.key)).toEqual([]);
    expect(await ids(limited.key, `&principal_id=${dora.id}`)).toEqual([]);
    await revoke(id);
  });
});

describe('what somebody may now', () => {
  const rights = async (id: string) =>
    (await findApprovers(tenants.database.forTenant('acme'), [id])).find(each => each.id === id);

  test('follows grants, claims, groups and disabling, of an agent also its owner’s', async () => {
    expect(await rights(bot.id)).toMatchObject({
      kind: 'agent',
      personId: dora.id,
      disabled: false,
      grants: [{ role: 'operator', project: null }],
    });
    const change = (id: string, values: object) =>
      tenants.database.inTenant('acme', sql =>
        sql.updateTable('principals').set(values).where('id', '=', id).execute(),
      );
    await change(emil.id, { claimed_roles: ['operator'], groups: ['security'] });
    const grants = [
      { role: 'operator', project: null },
      { role: 'developer', project: null },
    ];
    expect(await rights(emil.id)).toMatchObject({
      groups: ['security'],
      grants: expect.arrayContaining(grants),
    });
    await change(dora.id, { disabled_at: new Date() });
    expect(await rights(bot.id)).toMatchObject({ disabled: true });
    await change(dora.id, { disabled_at: null });
  });

  test('is nothing for whom there is none of', async () => {
    expect(await rights('prn_nobody')).toBeUndefined();
  });
});
