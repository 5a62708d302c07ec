import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Grant } from '../../domain/principal.ts';
import { type GovernedWorld, openGovernedWorld } from './governed-world.ts';
import type { Answer, TestRequest } from './server.ts';

let world: GovernedWorld;
beforeAll(async () => {
  world = await openGovernedWorld();
});
afterAll(() => world.close());

const call = (key: string, request: TestRequest): Promise<Answer> => world.server.call({ ...request, key });
const keyOf = (role: 'super_admin' | 'tenant_admin' | 'developer') => world.tenants.keyOf('acme', role);
const keyWith = async (...grants: Grant[]) => (await world.keyWith('acme', grants)).token;
const codeOf = ({ status, body }: Answer) => [status, body.code];
const member = (request: object = {}, key = keyOf('tenant_admin')) =>
  call(key, { path: '/v1/members', body: { name: 'Mo', kind: 'human', ...request } });
const put = (id: string, body: object, key = keyOf('tenant_admin')) =>
  call(key, { method: 'PUT', path: `/v1/members/${id}`, body });

describe('a developer of one project who looks on in another', () => {
  let key: string;
  beforeAll(async () => {
    await world.made('acme', '/v1/projects', { name: 'watched' });
    key = await keyWith(
      { role: 'developer', project: 'default' },
      { role: 'viewer', project: 'acme-secret' },
    );
  });
  const restart = (runtimeId: string) =>
    call(key, { path: `/v1/runtimes/${runtimeId}/lifecycle/restart`, body: {} });

  test('changes the one, is refused in the other, and finds nothing in a third', async () => {
    const { runtime_id: own } = world.named('acme');
    const { runtime_id: looked } = world.named('acme', 'acme-secret');
    expect((await restart(own)).status).toBe(503);
    expect(codeOf(await restart(looked))).toEqual([403, 'permission_missing']);
    const stranger = await keyWith({ role: 'developer', project: 'watched' });
    const answer = await call(stranger, { path: `/v1/runtimes/${own}/lifecycle/restart`, body: {} });
    expect(codeOf(answer)).toEqual([404, 'runtime_not_found']);
  });

  test('sees approvals only where its role reads them', async () => {
    const { body } = await call(key, { path: '/v1/approvals' });
    const projects = [world.named('acme').approval_id, world.named('acme', 'acme-secret').approval_id];
    const seen = body.items.map(({ id }: { id: string }) => id);
    expect(projects.map(id => seen.includes(id))).toEqual([true, false]);
  });

  test('is told what is in memory about the projects it sees, and nothing else', async () => {
    const { runtime_id: runtimeId } = world.named('acme');
    const path = `/v1/runtimes/${runtimeId}/status`;
    expect((await call(keyOf('super_admin'), { path })).status).toBe(200);
    expect((await call(key, { path })).status).toBe(200);
    const stranger = await keyWith({ role: 'viewer', project: 'watched' });
    expect(codeOf(await call(stranger, { path }))).toEqual([404, 'runtime_not_found']);
  });

  test('opens no event stream of a runtime it cannot see', async () => {
    const stranger = await keyWith({ role: 'viewer', project: 'watched' });
    const path = `/v1/runtimes/${world.named('acme').runtime_id}/events`;
    const answer = await call(stranger, { path, headers: { accept: 'text/event-stream' } });
    expect(codeOf(answer)).toEqual([404, 'runtime_not_found']);
  });

  test('is cut off from its event stream when its role is taken away', async () => {
    const { token, principalId } = await world.keyWith('acme', [{ role: 'viewer', project: 'default' }]);
    const url = `${world.server.url}/v1/runtimes/${world.named('acme').runtime_id}/events`;
    const stream = await fetch(url, {
      headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
    });
    expect(stream.status).toBe(200);
    const ended = stream.text();
    expect((await put(principalId, { grants: [] })).status).toBe(200);
    expect(await ended).toContain(': open');
  });

  test('makes runtimes in its project alone, and no project', async () => {
    const create = (project: string) =>
      call(key, {
        path: '/v1/runtimes',
        body: { name: 'fresh', project, type: 'sandbox', spec: {} },
      });
    expect((await create('default')).status).toBe(503);
    for (const project of ['acme-secret', 'watched', 'not-there'])
      expect(codeOf(await create(project)), project).toEqual([403, 'permission_missing']);
    expect(codeOf(await call(key, { path: '/v1/projects', body: { name: 'mine' } }))).toEqual([
      403,
      'permission_missing',
    ]);
  });

  test('has nothing of what is the tenant’s, whatever its roles in projects are', async () => {
    const grandest = await keyWith({ role: 'super_admin', project: 'default' });
    for (const path of ['/v1/policies', '/v1/tenants', '/v1/keys?all=true'])
      expect(codeOf(await call(grandest, { path })), path).toEqual([403, 'permission_missing']);
  });

  test('loses sight of a project the moment its role there is taken away', async () => {
    const { token, principalId } = await world.keyWith('acme', [{ role: 'viewer', project: 'default' }]);
    const path = `/v1/runtimes/${world.named('acme').runtime_id}/status`;
    expect((await call(token, { path })).status).toBe(200);
    expect((await put(principalId, { grants: [] })).status).toBe(200);
    await expect.poll(async () => (await call(token, { path })).status, { timeout: 1000 }).toBe(403);
  });
});

describe('a project', () => {
  test('made by a developer has the default quota, and its maker as developer', async () => {
    const { token, principalId } = await world.keyWith('acme', [{ role: 'developer', project: null }]);
    const made = await call(token, { path: '/v1/projects', body: { name: 'dev-made' } });
    expect([made.status, made.body.quota.pods]).toEqual([201, 50]);
    const { body } = await call(token, { path: `/v1/members/${principalId}` });
    expect(body.grants).toContainEqual({ role: 'developer', project: 'dev-made' });
    const members = await call(token, { path: '/v1/projects/dev-made/members?page_size=200' });
    expect(members.body.items.map(({ id }: { id: string }) => id)).toContain(principalId);
  });

  test('gets a quota from whoever may set quotas', async () => {
    const quota = { cpu: 2, memory_mib: 1024, pods: 3, storage_gib: 0 };
    const body = { name: 'with-quota', quota };
    expect(codeOf(await call(keyOf('developer'), { path: '/v1/projects', body }))).toEqual([
      403,
      'permission_missing',
    ]);
    const made = await call(keyOf('tenant_admin'), { path: '/v1/projects', body });
    expect([made.status, made.body.quota]).toEqual([201, quota]);
  });

  test('is changed by whoever has read it last', async () => {
    await world.made('acme', '/v1/projects', { name: 'edited' });
    const path = '/v1/projects/edited';
    const etag = (await call(keyOf('tenant_admin'), { path })).headers.get('etag') ?? '';
    const change = (pods: number) =>
      call(keyOf('tenant_admin'), {
        method: 'PUT',
        path,
        body: { quota: { cpu: 1, memory_mib: 1, pods, storage_gib: 0 } },
        headers: { 'if-match': etag },
      });
    expect((await change(7)).body.quota.pods).toBe(7);
    expect(codeOf(await change(8))).toEqual([412, 'precondition_failed']);
    const again = await call(keyOf('tenant_admin'), { path: '/v1/projects', body: { name: 'edited' } });
    expect(codeOf(again)).toEqual([409, 'name_taken']);
  });
});

describe('a member', () => {
  test('gets no role beyond those of who gives it', async () => {
    const beyond = await member({ grants: [{ role: 'super_admin', project: null }] });
    expect(codeOf(beyond)).toEqual([403, 'permission_missing']);
    const admin = await member({ grants: [{ role: 'tenant_admin', project: null }] });
    expect(admin.status).toBe(201);
    expect(codeOf(await put(world.principalOf('acme', 'super_admin'), { disabled: true }))).toEqual([
      403,
      'permission_missing',
    ]);
  });

  test('gets roles in one project from its administrator, and no others', async () => {
    const key = await keyWith({ role: 'tenant_admin', project: 'default' });
    const made = await member({ grants: [{ role: 'developer', project: 'default' }] }, key);
    expect(made.status).toBe(201);
    const { id } = made.body;
    for (const grant of [
      { role: 'viewer', project: null },
      { role: 'viewer', project: 'acme-secret' },
    ])
      expect(codeOf(await put(id, { grants: [grant] }, key))).toEqual([403, 'permission_missing']);
    expect(codeOf(await put(id, { name: 'Other' }, key))).toEqual([403, 'permission_missing']);
    expect(codeOf(await member({}, key))).toEqual([403, 'permission_missing']);
  });

  test('keeps the roles that who changes it cannot see', async () => {
    const grants = [
      { role: 'viewer', project: 'acme-secret' },
      { role: 'viewer', project: 'default' },
    ];
    const { body } = await member({ grants });
    const key = await keyWith({ role: 'tenant_admin', project: 'default' });
    expect((await call(key, { path: `/v1/members/${body.id}` })).body.grants).toEqual([grants[1]]);
    expect((await put(body.id, { grants: [] }, key)).status).toBe(200);
    const after = await call(keyOf('tenant_admin'), { path: `/v1/members/${body.id}` });
    expect(after.body.grants).toEqual([grants[0]]);
  });

  test('has no role in a project that is not there, and no agent acts for a stranger', async () => {
    const nowhere = await member({ grants: [{ role: 'viewer', project: 'nowhere' }] });
    expect(codeOf(nowhere)).toEqual([422, 'unprocessable_request']);
    const { principal_id: foreign } = world.named('globex');
    expect(codeOf(await member({ kind: 'agent', owner_id: foreign }))).toEqual([
      422,
      'unprocessable_request',
    ]);
    expect(codeOf(await member({ kind: 'agent', may_act_for: [foreign] }))).toEqual([
      422,
      'unprocessable_request',
    ]);
    const above = { kind: 'agent', may_act_for: [world.principalOf('acme', 'super_admin')] };
    expect(codeOf(await member(above))).toEqual([403, 'permission_missing']);
  });

  test('that is disabled is refused everywhere, and stays in the list', async () => {
    const { token, principalId } = await world.keyWith('acme', [{ role: 'viewer', project: null }]);
    const remove = { method: 'DELETE', path: `/v1/members/${principalId}` };
    expect((await call(keyOf('tenant_admin'), remove)).status).toBe(204);
    await expect
      .poll(async () => (await call(token, { path: '/v1/runtimes' })).status, { timeout: 1000 })
      .toBe(401);
    const { body } = await call(keyOf('tenant_admin'), { path: `/v1/members/${principalId}` });
    expect(body.disabled).toBe(true);
  });

  test('leaves an audit record with each change of it', async () => {
    const { body } = await member({ grants: [{ role: 'viewer', project: 'default' }] });
    await put(body.id, { name: 'Moira', grants: [] });
    const { rows } = await sql<{ action: string; actor: string }>`
      select record ->> 'action' as action, record -> 'actor' ->> 'name' as actor from audit_records
      where record -> 'object' ->> 'id' = ${body.id} order by id`.execute(
      world.tenants.database.forTenant('acme'),
    );
    expect(rows.map(({ action }) => action)).toEqual([
      'member.create',
      'role.grant',
      'member.change',
      'role.revoke',
    ]);
    expect(new Set(rows.map(({ actor }) => actor))).toEqual(new Set(['acme-tenant_admin']));
  });
});

describe('a tenant below', () => {
  test('is made with its policies and a first key, which is shown once', async () => {
    const headers = { 'idempotency-key': 'make-emea' };
    const request = { path: '/v1/tenants', body: { id: 'emea', admin: { name: 'Grace' } }, headers };
    const made = await call(keyOf('super_admin'), request);
    expect([made.status, made.body.ancestors]).toEqual([201, ['acme']]);
    const { token } = made.body.admin;
    const policies = await call(token, { path: '/v1/policies' });
    expect(policies.body.items.map(({ name }: { name: string }) => name)).toContain('sample');
    const again = await call(keyOf('super_admin'), request);
    expect([again.status, again.body.admin, again.headers.get('idempotent-replayed')]).toEqual([
      201,
      null,
      'true',
    ]);
    const seen = async (key: string) =>
      (await call(key, { path: '/v1/tenants' })).body.items.map(({ id }: { id: string }) => id);
    expect(await seen(token)).toEqual(['emea']);
    expect(await seen(keyOf('super_admin'))).toEqual(expect.arrayContaining(['acme', 'emea']));
    expect(await seen(world.tenants.keyOf('globex', 'super_admin'))).not.toContain('emea');
  });

  test('keeps one administrator', async () => {
    const { admin } = await world.made('acme', '/v1/tenants', { id: 'apac', admin: { name: 'Lin' } });
    const own = { path: `/v1/members/${admin.principal_id}` };
    const taken = await call(admin.token, { method: 'PUT', ...own, body: { grants: [] } });
    expect(codeOf(taken)).toEqual([409, 'last_admin']);
    expect(codeOf(await call(admin.token, { method: 'DELETE', ...own }))).toEqual([409, 'last_admin']);
    const bot = { name: 'bot', kind: 'agent', grants: [{ role: 'tenant_admin', project: null }] };
    expect((await call(admin.token, { path: '/v1/members', body: bot })).body.owner_id).toBe(
      admin.principal_id,
    );
    // An agent is refused as soon as whoever answers for it is disabled, and would be of no use.
    expect(codeOf(await call(admin.token, { method: 'DELETE', ...own }))).toEqual([409, 'last_admin']);
    const second = { name: 'Wei', kind: 'human', grants: [{ role: 'tenant_admin', project: null }] };
    expect((await call(admin.token, { path: '/v1/members', body: second })).status).toBe(201);
    expect((await call(admin.token, { method: 'DELETE', ...own })).status).toBe(204);
  });

  test.each([
    ['system', 422, 'unprocessable_request'],
    ['globex', 409, 'name_taken'],
    ['Not A Name', 400, 'invalid_request'],
  ])('cannot be %j', async (id, status, code) => {
    const answer = await call(keyOf('super_admin'), { path: '/v1/tenants', body: { id } });
    expect(codeOf(answer)).toEqual([status, code]);
  });
});
