import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KeyUse } from '../../db/key-use.ts';
import { newId } from '../../domain/ids.ts';
import { insertRuntime } from '../builders/runtime-rows.ts';
import { withClient } from '../postgres.ts';
import { makePerson, type PersonWish } from './people.ts';
import { startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture } from './tenants.ts';

let tenants: TenantsFixture;
let server: TestServer;
/** Another process of the API over the same database. */
let another: TestServer;
beforeAll(async () => {
  tenants = await openTenants();
  server = await startServer(tenants);
  another = await startServer(tenants);
});
afterAll(async () => {
  await another.close();
  await server.close();
  await tenants.close();
});

const person = (wish: Partial<PersonWish> = {}) =>
  makePerson(tenants.database, { name: 'Ada', roles: ['developer'], ...wish });
const make = (key: string, body: object = {}, headers: Record<string, string> = {}) =>
  server.call({ path: '/v1/keys', key, body: { name: 'laptop', ...body }, headers });
const rotate = (key: string, keyId: string, body: object = {}) =>
  server.call({ path: `/v1/keys/${keyId}/rotate`, key, body });
const revoke = (key: string, keyId: string) =>
  server.call({ path: `/v1/keys/${keyId}`, method: 'DELETE', key });
const whoami = (key: string, on = server) => on.call({ path: '/v1/whoami', key });
const keyIdOf = (token: string) => token.split('_')[2] ?? '';

describe('making a key', () => {
  test('makes one of the caller’s own, whose secret is shown this once', async () => {
    const ada = await person();
    const made = await make(ada.key, { expires_in_seconds: 3600 });
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe(`/v1/keys/${made.body.id}`);
    expect(made.body).toMatchObject({
      principal_id: ada.id,
      name: 'laptop',
      roles: ['developer'],
      scopes: null,
    });
    expect((await whoami(made.body.token)).body).toMatchObject({ principal_id: ada.id });
    const read = await server.call({ path: `/v1/keys/${made.body.id}`, key: ada.key });
    expect(read.body).toEqual(expect.not.objectContaining({ token: expect.anything() }));
    expect(JSON.stringify(read.body)).not.toContain(made.body.token.split('_')[3]);
  });

  test('sent again makes none, and does not show the secret again', async () => {
    const { key } = await person();
    const headers = { 'idempotency-key': 'make-one' };
    const [first, again] = [await make(key, {}, headers), await make(key, {}, headers)];
    expect(again.body).toEqual({ ...first.body, token: null });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });

  test('for another needs key:write', async () => {
    const [ada, grace] = [await person(), await person({ name: 'Grace', roles: ['viewer'] })];
    const refused = await make(ada.key, { principal_id: grace.id });
    expect([refused.status, refused.body.code]).toEqual([403, 'permission_missing']);
    const admin = tenants.keyOf('acme', 'tenant_admin');
    expect((await make(admin, { principal_id: grace.id })).body.principal_id).toBe(grace.id);
    expect((await make(admin, { principal_id: newId('principal') })).status).toBe(404);
  });

  test('for somebody who may do more than the caller is refused', async () => {
    const root = await person({ name: 'Root', roles: ['super_admin'] });
    const refused = await make(tenants.keyOf('acme', 'tenant_admin'), { principal_id: root.id });
    expect(refused.status).toBe(403);
    expect(refused.body.detail).toContain('tenant:write');
  });

  test('limits it to scopes, of which a limited caller can give only its own', async () => {
    const ada = await person();
    const limited = await make(ada.key, { scopes: ['runtime:read', 'key:own'] });
    expect((await whoami(limited.body.token)).body.credential.scopes).toEqual(['runtime:read', 'key:own']);
    const further = await make(limited.body.token);
    expect(further.body.scopes).toEqual(['runtime:read', 'key:own']);
    const beyond = await make(limited.body.token, { scopes: ['runtime:read', 'runtime:deploy'] });
    expect([beyond.status, beyond.body.code]).toEqual([403, 'permission_missing']);
    const denied = await server.call({ path: '/v1/operations', key: limited.body.token });
    expect([denied.status, denied.body.code]).toEqual([403, 'permission_missing']);
  });

  test('that is only for policies tells nothing of runtimes by them', async () => {
    const runtimeId = await insertRuntime(tenants.database, { tenantId: 'acme', name: 'ledger' });
    const asks = (key: string) => {
      const body = { action: 'lifecycle.restart', runtime_id: runtimeId };
      return server.call({ path: '/v1/policies/check', key, body });
    };
    const ada = await person();
    expect((await asks(ada.key)).body.question.runtime.name).toBe('ledger');
    const limited = await make(ada.key, { scopes: ['policy:read'] });
    const answer = await asks(limited.body.token);
    expect([answer.status, answer.body.code]).toEqual([404, 'runtime_not_found']);
  });

  test('with a scope that its principal may not use gives nothing', async () => {
    const { key } = await person({ roles: ['viewer'] });
    const made = await make(key, { scopes: ['policy:write', 'key:own'] });
    expect(made.status).toBe(201);
    expect((await whoami(made.body.token)).body.permissions).toEqual([
      { permission: 'key:own', projects: null },
    ]);
  });

  test.each([
    { name: '' },
    { name: 'a\nb' },
    { scopes: [] },
    { scopes: ['everything'] },
    { expires_in_seconds: 0 },
    { principal_id: 'root' },
  ])('%j is refused by the schema', async body => {
    expect((await make((await person()).key, body)).status).toBe(400);
  });

  test('is recorded, without the secret', async () => {
    const made = await make((await person()).key);
    const { rows } = await withClient(tenants.superuserUrl, client =>
      client.query(`select record::text as text from audit_records where record -> 'object' ->> 'id' = $1`, [
        made.body.id,
      ]),
    );
    expect(rows).toHaveLength(1);
    expect(rows[0].text).toContain('key.create');
    expect(rows[0].text).not.toContain(made.body.token.split('_')[3]);
  });
});

describe('listing keys', () => {
  test('shows one’s own, page by page and newest first', async () => {
    const { key } = await person();
    const made = [await make(key), await make(key), await make(key)].map(({ body }) => body.id);
    const first = await server.call({ path: '/v1/keys?page_size=2', key });
    expect(first.body.items.map(({ id }: { id: string }) => id)).toEqual([made[2], made[1]]);
    const token = first.body.next_page_token;
    const next = await server.call({ path: `/v1/keys?page_size=2&page_token=${token}`, key });
    expect(next.body.items.map(({ id }: { id: string }) => id)).toEqual([made[0], keyIdOf(key)]);
    expect(next.body.next_page_token).toBeNull();
  });

  test('of others and of everybody needs key:write', async () => {
    const [ada, grace] = [await person(), await person({ name: 'Grace' })];
    for (const query of [`principal_id=${grace.id}`, 'all=true'])
      expect((await server.call({ path: `/v1/keys?${query}`, key: ada.key })).status).toBe(403);
    const admin = tenants.keyOf('acme', 'tenant_admin');
    const all = await server.call({ path: '/v1/keys?all=true&page_size=200', key: admin });
    const ids = all.body.items.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(expect.arrayContaining([keyIdOf(ada.key), keyIdOf(grace.key)]));
    expect(ids).not.toContain(keyIdOf(tenants.keyOf('globex', 'viewer')));
  });

  test('shows nothing of another’s key, which cannot be told from one that does not exist', async () => {
    const [ada, grace] = [await person(), await person({ name: 'Grace' })];
    for (const id of [
      keyIdOf(grace.key),
      keyIdOf(tenants.keyOf('globex', 'viewer')),
      'f'.repeat(16),
      'nope',
    ]) {
      expect((await server.call({ path: `/v1/keys/${id}`, key: ada.key })).status).toBe(404);
      expect((await rotate(ada.key, id)).status).toBe(404);
      expect((await revoke(ada.key, id)).status).toBe(404);
    }
  });
});

describe('rotating a key', () => {
  test('makes another in its place, and both are good until the old one ends', async () => {
    const { key } = await person();
    const made = await rotate(key, keyIdOf(key), { old_ends_in_seconds: 1 });
    expect(made.status).toBe(201);
    expect(made.body.replaces).toBe(keyIdOf(key));
    expect((await whoami(key)).status).toBe(200);
    expect((await whoami(made.body.token)).status).toBe(200);
    await expect.poll(async () => (await whoami(key, another)).status, { timeout: 3000 }).toBe(401);
    expect((await whoami(made.body.token, another)).status).toBe(200);
  });

  test('keeps scopes and how long the old one was made for', async () => {
    const { key } = await person();
    const made = await make(key, { scopes: ['runtime:read', 'key:own'], expires_in_seconds: 3600 });
    const { body } = await rotate(made.body.token, made.body.id);
    expect(body.scopes).toEqual(['runtime:read', 'key:own']);
    const hours = (Date.parse(body.expires_at) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(0.98);
    expect(hours).toBeLessThan(1.02);
  });

  test('leaves at most two in use, from whichever end it is tried', async () => {
    const { key } = await person();
    const second = await rotate(key, keyIdOf(key));
    for (const id of [keyIdOf(key), second.body.id]) {
      const third = await rotate(key, id);
      expect([third.status, third.body.code]).toEqual([409, 'key_not_rotatable']);
    }
    await revoke(second.body.token, keyIdOf(key));
    expect((await rotate(second.body.token, second.body.id)).status).toBe(201);
  });

  test('by two at once makes one key', async () => {
    const { key } = await person();
    const answers = await Promise.all(Array.from({ length: 5 }, () => rotate(key, keyIdOf(key))));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
  });

  test.each([{ old_ends_in_seconds: 8 * 24 * 3600 }, { old_ends_in_seconds: -1 }])(
    '%j is refused',
    async body => {
      const { key } = await person();
      expect((await rotate(key, keyIdOf(key), body)).status).toBe(400);
    },
  );

  test('does not lengthen the life of the old key', async () => {
    const { key } = await person();
    const short = await make(key, { expires_in_seconds: 60 });
    await rotate(key, short.body.id, { old_ends_in_seconds: 3600 });
    const { body } = await server.call({ path: `/v1/keys/${short.body.id}`, key });
    expect(body.expires_at).toBe(short.body.expires_at);
  });
});

describe('revoking a key', () => {
  test('has it refused within a second by every process, for ever', async () => {
    const { key } = await person();
    const { body } = await make(key);
    for (const on of [server, another]) expect((await whoami(body.token, on)).status).toBe(200);
    expect((await revoke(key, body.id)).status).toBe(204);
    for (const on of [server, another])
      await expect.poll(async () => (await whoami(body.token, on)).status, { timeout: 1000 }).toBe(401);
    expect((await revoke(key, body.id)).status).toBe(204);
    expect((await rotate(key, body.id)).status).toBe(409);
  });
});

describe('when a key was used last', () => {
  test('is written once for many uses, and without it being read again', async () => {
    const { key, id } = await person();
    const { body } = await whoami(key);
    const use = new KeyUse(tenants.database);
    const caller = {
      id: body.principal_id,
      name: body.name,
      kind: 'human',
      tenantId: 'acme',
      roles: [],
      grants: [],
      groups: [],
      personId: id,
      credential: { kind: 'key', id: keyIdOf(key) },
    } as const;
    const heard: string[] = [];
    tenants.changes.announced.on('key', keyId => heard.push(keyId));
    for (let count = 0; count < 100; count += 1) use.saw({ ...caller, roles: [], grants: [], groups: [] });
    const before = tenants.database.connections().taken;
    await use.close();
    expect(tenants.database.connections().taken - before).toBe(1);
    const read = await server.call({ path: `/v1/keys/${keyIdOf(key)}`, key });
    const age = Date.now() - Date.parse(read.body.last_used_at);
    expect(age).toBeLessThan(61_000);
    expect(heard).not.toContain(keyIdOf(key));
  });
});
