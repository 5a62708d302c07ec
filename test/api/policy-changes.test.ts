import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAsOwner } from '../../db/database.ts';
import { listPolicies } from '../../db/policies.ts';
import { createApiKey, createTenant } from '../../db/tenants.ts';
import { newId } from '../../domain/ids.ts';
import { withClient } from '../postgres.ts';
import { PolicyCalls, RULES } from './policy-calls.ts';
import { startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture, type TestTenant } from './tenants.ts';

let tenants: TenantsFixture;
let server: TestServer;
let api: PolicyCalls;

beforeAll(async () => {
  tenants = await openTenants();
  server = await startServer(tenants);
  api = new PolicyCalls(tenants, server);
});

afterAll(async () => {
  await server.close();
  await tenants.close();
});

test('no more rules are kept than can be judged at each admission', async () => {
  const many = Array.from({ length: 4950 }, () => RULES[0]);
  const id = newId('policy');
  await tenants.database.inTenant('globex', sql =>
    sql
      .insertInto('policies')
      .values({ id, name: 'many', position: 9, rules: JSON.stringify(many) })
      .execute(),
  );
  const { status, body } = await api.create({ rules: many.slice(0, 100) }, {}, 'globex');
  expect([status, body.code]).toEqual([422, 'quota_exceeded']);
  await tenants.database.forTenant('globex').deleteFrom('policies').where('id', '=', id).execute();
});

describe('replacing a policy', () => {
  test('makes its next version, in its old place', async () => {
    const { body: made } = await api.create({ scope_env: 'production' });
    await api.create({});
    const before = (await listPolicies(tenants.database.forTenant('acme'))).map(({ id }) => id);
    const next = [{ kind: 'deny_action', selector: { action: 'deploy.*' } }];
    const { status, body } = await api.replace(made.id, { name: made.name, mode: 'shadow', rules: next });
    expect([status, body]).toEqual([
      200,
      {
        ...made,
        scope_env: null,
        mode: 'shadow',
        version: 2,
        rules: next,
        warnings: expect.any(Array),
        updated_at: expect.any(String),
      },
    ]);
    expect((await api.read(made.id)).headers.get('etag')).toMatch(/^"2\./);
    const after = (await listPolicies(tenants.database.forTenant('acme'))).map(({ id }) => id);
    expect(after).toEqual(before);
  });

  test('needs the version that If-Match names', async () => {
    const { body: made } = await api.create({});
    const tag = (await api.read(made.id)).headers.get('etag') ?? '';
    const [one, other] = await Promise.all([
      api.replace(made.id, {}, { 'if-match': tag }),
      api.replace(made.id, {}, { 'if-match': tag }),
    ]);
    expect([one.status, other.status].sort()).toEqual([200, 412]);
    expect((await api.remove(made.id, { 'if-match': tag })).status).toBe(412);
    expect((await api.remove(made.id, { 'if-match': '"2"' })).status).toBe(204);
  });

  test('is refused for a taken name, a bad rule, and what is not there', async () => {
    const [{ body: one }, { body: other }] = [await api.create({}), await api.create({})];
    expect((await api.replace(one.id, { name: other.name })).body.code).toBe('name_taken');
    expect((await api.replace(one.id, { rules: [{ kind: 'data_egress' }] })).body.code).toBe(
      'rule_not_enforced',
    );
    expect((await api.replace(one.id, { tenant_id: 'globex' })).body.code).toBe('other_tenant');
    expect((await api.replace(newId('policy'), {})).status).toBe(404);
    expect((await api.read(one.id)).body.version).toBe(1);
  });
});

describe('the versions of a policy', () => {
  const versionsOf = (id: string, query = '', tenant: TestTenant = 'acme') =>
    server.call({ path: `/v1/policies/${id}/versions${query}`, key: api.keyOf(tenant) });

  test('are kept with who made them, also after it was deleted', async () => {
    const { body: made } = await api.create({ name: 'versioned' });
    await api.replace(made.id, { name: 'versioned-2', mode: 'shadow' });
    await api.remove(made.id);
    const { body } = await versionsOf(made.id);
    expect(body.items).toMatchObject([
      { version: 3, name: 'versioned-2', mode: 'shadow', removed: true },
      { version: 2, name: 'versioned-2', mode: 'shadow', removed: false },
      { version: 1, name: 'versioned', mode: 'enforce', removed: false, rules: RULES },
    ]);
    for (const { changed_by } of body.items) expect(changed_by).toMatch(/^prn_/);
  });

  test('come page by page, to nobody else', async () => {
    const { body: made } = await api.create({});
    for (let round = 0; round < 10; round += 1) await api.replace(made.id, {});
    const first = await versionsOf(made.id, '?page_size=9');
    const rest = await versionsOf(made.id, `?page_size=9&page_token=${first.body.next_page_token}`);
    const numbers = [...first.body.items, ...rest.body.items].map(({ version }) => version);
    expect(numbers).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect((await versionsOf(made.id, '', 'globex')).status).toBe(404);
    expect((await versionsOf(newId('policy'))).status).toBe(404);
  });
});

describe('each change of a policy', () => {
  const recordsOf = (id: string) =>
    withClient(tenants.superuserUrl, async client => {
      const { rows } = await client.query(
        `select record from audit_records where record -> 'object' ->> 'id' = $1 order by at, id`,
        [id],
      );
      return rows.map(({ record }) => record);
    });

  test('is in the audit with who made it, and a refused one is not there as a change', async () => {
    const { body: made } = await api.create({ scope_env: 'staging' });
    await api.replace(made.id, { name: made.name }, { 'if-match': '"7"' });
    await api.replace(made.id, { name: made.name });
    await api.remove(made.id);
    const changes = (await recordsOf(made.id)).filter(({ outcome }) => outcome === 'succeeded');
    expect(changes).toMatchObject([
      { action: 'policy.create', environment: 'staging', details: { version: 1 } },
      { action: 'policy.update', environment: null, details: { version: 2 } },
      { action: 'policy.delete', details: { version: 3 } },
    ]);
    for (const { actor, origin, object, tenant_id } of changes) {
      expect(actor).toMatchObject({ name: 'acme-tenant_admin', kind: 'human' });
      expect(origin).toMatchObject({ address: '127.0.0.1', request_id: expect.any(String) });
      expect([object.name, tenant_id]).toEqual([made.name, 'acme']);
    }
  });

  test('is not written without its record', async () => {
    await withClient(tenants.superuserUrl, client =>
      client.query('revoke insert on audit_records from runtimeai_app'),
    );
    const name = api.newName();
    try {
      expect((await api.create({ name })).status).toBe(500);
    } finally {
      await withClient(tenants.superuserUrl, client =>
        client.query('grant insert on audit_records to runtimeai_app'),
      );
    }
    const all = await listPolicies(tenants.database.forTenant('acme'));
    expect(all.map(policy => policy.name)).not.toContain(name);
    expect((await api.create({ name })).status).toBe(201);
  });
});

describe('policies that contradict each other', () => {
  test('are made with a warning that names both rules, on either side', async () => {
    const selector = { action: 'lifecycle.scale', project: 'contradiction' };
    const { body: allow } = await api.create({
      name: 'lets-scale',
      rules: [{ kind: 'allow_action', selector }],
    });
    const about = (warnings: { rules: { policy: string }[] }[]) =>
      warnings.map(warning => warning.rules.map(({ policy }) => policy).sort());
    expect(about(allow.warnings)).not.toContainEqual(['lets-scale', 'no-scaling']);
    const { status, body: deny } = await api.create({
      name: 'no-scaling',
      rules: [{ kind: 'deny_action', selector }],
    });
    expect(status).toBe(201);
    expect(about(deny.warnings)).toContainEqual(['lets-scale', 'no-scaling']);
    expect(deny.warnings.map(({ message }: { message: string }) => message).join()).toMatch(
      /"lets-scale".*"no-scaling"/,
    );
    expect(about((await api.read(allow.id)).body.warnings)).toContainEqual(['lets-scale', 'no-scaling']);
    await api.remove(deny.id);
    expect(about((await api.read(allow.id)).body.warnings)).not.toContainEqual(['lets-scale', 'no-scaling']);
    await api.remove(allow.id);
  });
});

describe('a policy of the tenant above', () => {
  let keyBelow: string;
  const below = (request: Omit<Parameters<TestServer['call']>[0], 'key'>) =>
    server.call({ key: keyBelow, ...request });
  let above: { id: string; name: string };

  beforeAll(async () => {
    const owner = openAsOwner(tenants.superuserUrl);
    await createTenant(owner, {
      tenantId: 'acme-lab',
      parent: 'acme',
      policies: [{ name: 'own', rules: [{ kind: 'allow_action', selector: {} }] }],
    });
    const made = await createApiKey(owner, {
      tenantId: 'acme-lab',
      installation: 'test',
      name: 'lab-admin',
      kind: 'human',
      roles: ['tenant_admin'],
    });
    keyBelow = made.token;
    await owner.close();
    above = (
      await api.create({
        name: 'from-above',
        rules: [{ kind: 'deny_action', selector: { action: 'lifecycle.delete', tenant: 'acme-lab' } }],
      })
    ).body;
  });

  const listBelow = async (query = '') =>
    (await below({ path: `/v1/policies${query}` })).body.items as { name: string; inherited_from: string }[];

  test('is listed below only when asked for, and says whose it is', async () => {
    expect((await listBelow()).map(({ name }) => name)).toEqual(['own']);
    const all = await listBelow('?inherited=true&page_size=200');
    const whose = Object.fromEntries(all.map(({ name, inherited_from }) => [name, inherited_from]));
    expect(whose).toMatchObject({ own: null, 'from-above': 'acme', sample: 'acme' });
    expect((await below({ path: `/v1/policies/${above.id}` })).body).toMatchObject({
      name: 'from-above',
      inherited_from: 'acme',
      tenant_id: 'acme',
    });
  });

  test('can be changed and deleted only above', async () => {
    const path = `/v1/policies/${above.id}`;
    for (const call of [{ method: 'DELETE' }, { method: 'PUT', body: { name: 'from-above', rules: [] } }]) {
      const answer = await below({ path, ...call });
      expect([answer.status, answer.body.code]).toEqual([409, 'policy_inherited']);
    }
    expect((await api.read(above.id)).body.version).toBe(1);
  });

  test('holds below and wins over what is allowed there, which is told when it is contradicted', async () => {
    const asked = { action: 'lifecycle.delete', environment: 'development' };
    const { body } = await below({ path: '/v1/policies/check', body: asked });
    expect(body.verdict).toMatchObject({ answer: 'deny', policy: 'from-above' });
    expect(body.verdict.reason).toContain('of tenant acme above');
    const made = await below({
      path: '/v1/policies',
      body: { name: 'undo', rules: [{ kind: 'allow_action', selector: { action: 'lifecycle.delete' } }] },
    });
    expect(made.body.warnings).toContainEqual(
      expect.objectContaining({
        message: expect.stringMatching(/"undo".*"from-above" of tenant acme above/),
      }),
    );
    expect((await below({ path: '/v1/policies/check', body: asked })).body.verdict.answer).toBe('deny');
  });

  test('does not show the tenant above what is below', async () => {
    const all = (await server.call({ path: '/v1/policies?inherited=true&page_size=200', key: api.keyOf() }))
      .body;
    expect(all.items.map(({ name }: { name: string }) => name)).not.toContain('own');
  });
});
