import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listPolicies } from '../../db/policies.ts';
import { newId } from '../../domain/ids.ts';
import { withClient } from '../postgres.ts';
import { PolicyCalls, RULES } from './policy-calls.ts';
import { startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture } from './tenants.ts';

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

describe('a policy', () => {
  test('is created, read, listed and deleted without Temporal', async () => {
    const created = await api.create({ name: 'freeze', scope_env: 'production' });
    expect(created).toMatchObject({
      status: 201,
      body: {
        name: 'freeze',
        tenant_id: 'acme',
        inherited_from: null,
        scope_env: 'production',
        mode: 'enforce',
        version: 1,
        rules: RULES,
        updated_at: null,
      },
    });
    const { id } = created.body;
    expect(created.headers.get('location')).toBe(`/v1/policies/${id}`);
    expect((await api.read(id)).body).toEqual(created.body);
    const list = await server.call({ path: '/v1/policies?scope_env=production', key: api.keyOf() });
    const { warnings: _, ...listed } = created.body;
    expect(list.body).toEqual({ items: [listed], next_page_token: null });
    expect(await api.remove(id)).toMatchObject({ status: 204, body: '' });
    expect((await api.read(id)).status).toBe(404);
    expect((await api.remove(id)).status).toBe(404);
  });

  test('goes behind all others, where admission reads it', async () => {
    const { body } = await api.create({ scope_env: 'staging' });
    const all = await listPolicies(tenants.database.forTenant('acme'));
    expect(all.at(-1)).toMatchObject({ id: body.id, scope_env: 'staging' });
    expect(all[0]?.name).toBe('sample');
  });

  test('may leave out, or say with null, what it does not restrict', async () => {
    const { status, body } = await api.create({
      tenant_id: null,
      scope_env: null,
      rules: [{ kind: 'require_approval', selector: null, params: null }],
    });
    expect([status, body.scope_env]).toEqual([201, null]);
    expect(body.rules).toEqual([
      { kind: 'require_approval', selector: {}, params: { quorum: 1, expires_in_seconds: 86_400 } },
    ]);
  });

  test.each([
    [{ rules: [{ kind: 'budget_guardrail' }] }, 422, 'rule_not_enforced', '/rules/0/params'],
    [
      { rules: [{ kind: 'deny_action', when: 'requester.kin == "agent"' }] },
      422,
      'rule_not_enforced',
      '/rules/0/when',
    ],
    [
      { rules: [{ kind: 'deny_action', selector: { action: 'lifecycle.fly' } }] },
      422,
      'rule_not_enforced',
      '/rules/0/selector/action',
    ],
    [
      { scope_env: 'production', rules: [{ kind: 'deny_action', selector: { environment: 'staging' } }] },
      422,
      'rule_not_enforced',
      '/rules/0/selector/environment',
    ],
    [
      { rules: [{ kind: 'deny_action', selector: { tenant: 'globex' } }] },
      422,
      'rule_not_enforced',
      '/rules/0/selector/tenant',
    ],
    [{ mode: 'dry' }, 400, 'invalid_request', '/mode'],
    [{ rules: [{ kind: 'deny_action', when: '' }] }, 400, 'invalid_request', '/rules/0/when'],
    [
      { rules: [{ kind: 'deny_action', selector: { node: 'a' } }] },
      422,
      'rule_not_enforced',
      '/rules/0/selector/node',
    ],
    [{ rules: [{ kind: 'forbid' }] }, 400, 'invalid_request', '/rules/0/kind'],
    [{ rules: [{}] }, 400, 'invalid_request', '/rules/0/kind'],
    [{ rules: 'all' }, 400, 'invalid_request', '/rules'],
    [{ name: '' }, 400, 'invalid_request', '/name'],
    [{ scope_env: 'moon' }, 400, 'invalid_request', '/scope_env'],
    [{ priority: 1 }, 400, 'invalid_request', '/priority'],
  ])('with %j is %s %s at %s', async (body, status, code, pointer) => {
    const answer = await api.create(body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  test('may have rules of every kind', async () => {
    const every = [
      { kind: 'deny_action', selector: { runtime_kind: 'vm' }, when: 'desired.gpus > 4', reason: 'too many' },
      { kind: 'allow_action', selector: { labels: { team: '*' } } },
      { kind: 'require_approval', params: { quorum: 2, groups: ['owners'], acr: ['mfa'] } },
      { kind: 'budget_guardrail', params: { monthly: 1000.5, over: 'require_approval' } },
      { kind: 'data_egress', params: { cidrs: ['10.0.0.0/8'], namespaces: ['data'] } },
    ];
    const { status, body } = await api.create({ rules: every, mode: 'shadow' });
    expect([status, body.mode]).toEqual([201, 'shadow']);
    expect(body.rules).toMatchObject(every);
    expect((await api.read(body.id)).body.rules).toEqual(body.rules);
  });

  test.each([
    ['desired.replicas > 1 &&\n  desired.bogus', /line 2/],
    ['desired.replicas >', /cannot be read/],
    ['desired.replica > 3', /replica/],
    ['[1, 2, 3].map(x, [1, 2, 3].map(y, x * y)) == []', /map/],
    [`requester.name.matches("${'a{9}'.repeat(40)}")`, /pattern/],
  ])('with the condition %j is told what is wrong, and where', async (when, words) => {
    const { status, body } = await api.create({ rules: [{ kind: 'deny_action', when }] });
    expect([status, body.code, body.errors[0].pointer]).toEqual([422, 'rule_not_enforced', '/rules/0/when']);
    expect(body.errors[0].message).toMatch(words);
    expect(body.errors[0].message).toMatch(/line \d+, column \d+/);
  });

  test.each([
    { kind: 'deny_action', reason: 'a\u0000b' },
    { kind: 'deny_action', reason: 'a\ud800b' },
    { kind: 'deny_action', selector: { labels: { '\u0000': 'a' } } },
    { kind: 'deny_action', when: 'project == "\u0000"' },
  ])('with characters that cannot be kept, as in %j, is refused', async rule => {
    const { status, body } = await api.create({ rules: [rule] });
    expect([status, body.code]).toEqual([422, 'unprocessable_request']);
  });

  test('keeps its name for itself, within its tenant', async () => {
    const name = api.newName();
    expect((await api.create({ name })).status).toBe(201);
    expect((await api.create({ name })).body.code).toBe('name_taken');
    expect((await api.create({ name }, {}, 'globex')).status).toBe(201);
  });

  test('of another tenant is not made', async () => {
    const answer = await api.create({ tenant_id: 'globex' });
    expect([answer.status, answer.body.code]).toEqual([403, 'other_tenant']);
  });

  test('does not get lost when many come at once', async () => {
    const before = await listPolicies(tenants.database.forTenant('acme'));
    const answers = await Promise.all(Array.from({ length: 12 }, () => api.create({})));
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(201));
    const after = await listPolicies(tenants.database.forTenant('acme'));
    expect(after).toHaveLength(before.length + 12);
    const positions = await withClient(tenants.superuserUrl, client =>
      client.query(`select count(*)::int as all, count(distinct position)::int as distinct
        from policies where tenant_id = 'acme'`),
    );
    expect(positions.rows[0].distinct).toBe(positions.rows[0].all);
  });
});

describe('the list of policies', () => {
  test('comes page by page, and a new policy moves nothing', async () => {
    await Promise.all(Array.from({ length: 5 }, () => api.create({}, {}, 'globex')));
    const page = (token?: string) =>
      server.call({
        path: `/v1/policies?page_size=2${token ? `&page_token=${token}` : ''}`,
        key: api.keyOf('globex'),
      });
    const seen: string[] = [];
    let answer = await page();
    await api.create({}, {}, 'globex');
    for (;;) {
      seen.push(...answer.body.items.map((item: { id: string }) => item.id));
      if (answer.body.next_page_token === null) break;
      answer = await page(answer.body.next_page_token);
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual([...seen].sort().reverse());
    const { body } = await server.call({ path: '/v1/policies?page_size=200', key: api.keyOf('globex') });
    expect(body.items.length).toBe(seen.length + 1);
  });

  test('refuses a token of another list', async () => {
    await api.create({});
    const { body } = await server.call({ path: '/v1/policies?page_size=1', key: api.keyOf() });
    const path = `/v1/policies?scope_env=staging&page_token=${body.next_page_token}`;
    expect((await server.call({ path, key: api.keyOf() })).body.errors[0].pointer).toBe('/query/page_token');
  });
});

describe('an Idempotency-Key', () => {
  test('makes one policy, however often it is sent', async () => {
    const [key, name] = [newId('event'), api.newName()];
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => api.create({ name }, { 'idempotency-key': key })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(201));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(9);
  });

  test('is refused with another body', async () => {
    const key = newId('event');
    await api.create({}, { 'idempotency-key': key });
    const other = await api.create({}, { 'idempotency-key': key });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  });

  test('is not used up by a refusal', async () => {
    const [key, name] = [newId('event'), api.newName()];
    const first = await api.create({ name });
    expect((await api.create({ name }, { 'idempotency-key': key })).body.code).toBe('name_taken');
    await api.remove(first.body.id);
    const second = await api.create({ name }, { 'idempotency-key': key });
    expect([second.status, second.headers.get('idempotent-replayed')]).toEqual([201, null]);
  });

  test('does not bring back what was deleted since', async () => {
    const [key, name] = [newId('event'), api.newName()];
    const { body } = await api.create({ name }, { 'idempotency-key': key });
    await api.remove(body.id);
    expect((await api.create({ name }, { 'idempotency-key': key })).status).toBe(404);
    expect((await api.read(body.id)).status).toBe(404);
  });
});

describe('the ETag of a policy', () => {
  test('saves the body when nothing has changed', async () => {
    const { body } = await api.create({});
    const tag = (await api.read(body.id)).headers.get('etag') ?? '';
    expect(tag).toMatch(/^"1\./);
    const again = await api.read(body.id, { 'if-none-match': tag });
    expect([again.status, again.body, again.headers.get('etag')]).toEqual([304, '', tag]);
    expect((await api.read(body.id, { 'if-none-match': '"1"' })).status).toBe(200);
  });

  test('guards the deletion', async () => {
    const { body } = await api.create({});
    const tag = (await api.read(body.id)).headers.get('etag') ?? '';
    for (const other of ['"2"', `W/${tag}`, '"x"', 'nonsense']) {
      const answer = await api.remove(body.id, { 'if-match': other });
      expect([answer.status, answer.body.code], other).toEqual([412, 'precondition_failed']);
    }
    expect((await api.remove(body.id, { 'if-match': `"2", ${tag}` })).status).toBe(204);
  });
});
