import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { trust } from '../../clients/oidc/token-verifier.ts';
import { linkLogin } from '../../db/logins.ts';
import { newId } from '../../domain/ids.ts';
import { type FakeIssuer, type Json, startIssuer } from '../fakes/issuer.ts';
import { withClient } from '../postgres.ts';
import { makePerson } from './people.ts';
import { startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture } from './tenants.ts';

let tenants: TenantsFixture;
let issuer: FakeIssuer;
let server: TestServer;
beforeAll(async () => {
  tenants = await openTenants();
  issuer = await startIssuer();
  issuer.publish([issuer.key.jwk]);
  const settings = issuer.settings({ tenant: { claim: 'tenant' } });
  server = await startServer(tenants, undefined, { issuers: [trust(settings)] });
});
afterAll(async () => {
  await server.close();
  await issuer.close();
  await tenants.close();
});

let people = 0;
/** A token of somebody new, unless the claims name them. */
const tokenOf = (claims: Json = {}) => {
  people += 1;
  return issuer.token({ claims: { sub: `person-${people}`, tenant: 'acme', groups: ['users'], ...claims } });
};
const whoami = (key: string, headers: Record<string, string> = {}) =>
  server.call({ path: '/v1/whoami', key, headers });
const asSuperuser = (statement: string, values: unknown[]) =>
  withClient(tenants.superuserUrl, client => client.query(statement, values));
const actFor = (agentId: string, principalIds: string[]) =>
  asSuperuser('update principals set may_act_for = $2 where id = $1', [agentId, principalIds]);
const link = (principalId: string, subject: string) =>
  tenants.database.inTenant('acme', sql => linkLogin(sql, { principalId, subject, issuer: issuer.url }));

describe('a first token', () => {
  test('makes a principal with a login, and the next one finds it', async () => {
    const first = await whoami(tokenOf({ sub: 'ada', acr: 'mfa' }));
    expect(first.body).toMatchObject({
      name: 'Ada',
      kind: 'human',
      tenant_id: 'acme',
      roles: ['viewer'],
      groups: ['users'],
      on_behalf_of: null,
      credential: { kind: 'token', id: issuer.url, acr: 'mfa', scopes: null },
    });
    const next = await whoami(tokenOf({ sub: 'ada' }));
    expect(next.body.principal_id).toBe(first.body.principal_id);
    expect(next.body.person_id).toBe(first.body.principal_id);
  });

  test('of many at once makes one principal', async () => {
    const tokens = Array.from({ length: 8 }, (_, jti) => tokenOf({ sub: 'grace', jti }));
    const answers = await Promise.all(tokens.map(token => whoami(token)));
    expect(new Set(answers.map(({ body }) => body.principal_id)).size).toBe(1);
  });

  test('is somebody else in another tenant', async () => {
    const [here, there] = [
      await whoami(tokenOf({ sub: 'joan' })),
      await whoami(tokenOf({ sub: 'joan', tenant: 'globex' })),
    ];
    expect(there.body.tenant_id).toBe('globex');
    expect(there.body.principal_id).not.toBe(here.body.principal_id);
  });

  test('of a tenant that does not exist is refused, and makes nobody', async () => {
    const answer = await whoami(tokenOf({ sub: 'nobody-yet', tenant: 'initech' }));
    expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
    const { rowCount } = await asSuperuser('select from logins where subject = $1', ['nobody-yet']);
    expect(rowCount).toBe(0);
  });

  test('is recorded in the audit of its tenant', async () => {
    const { body } = await whoami(tokenOf({ sub: 'recorded' }));
    const { rows } = await asSuperuser(
      `select tenant_id, record ->> 'action' as action from audit_records where record -> 'object' ->> 'id' = $1`,
      [body.principal_id],
    );
    expect(rows).toEqual([{ tenant_id: 'acme', action: 'principal.first_login' }]);
  });
});

describe('what a token claims', () => {
  test('gives its roles, beside those that were granted', async () => {
    const { body } = await whoami(tokenOf({ sub: 'mary' }));
    await asSuperuser(
      `insert into role_grants (tenant_id, principal_id, role, project) values ('acme', $1, $2, $3)`,
      [body.principal_id, 'developer', 'payments'],
    );
    await expect
      .poll(async () => (await whoami(tokenOf({ sub: 'mary' }))).body.grants, { timeout: 1000 })
      .toEqual([
        { role: 'viewer', project: null },
        { role: 'developer', project: 'payments' },
      ]);
  });

  test('gives no role where nothing of it is known, and then only whoami answers', async () => {
    const token = tokenOf({
      groups: ['guests'],
      realm_access: { roles: ['super_admin'] },
      roles: ['super_admin'],
    });
    expect((await whoami(token)).body).toMatchObject({ roles: [], permissions: [] });
    const answer = await server.call({ path: '/v1/runtimes', key: token });
    expect([answer.status, answer.body.code]).toEqual([403, 'permission_missing']);
  });

  test('is kept for the person’s keys as the newest token says it', async () => {
    const issuedAt = Math.floor(Date.now() / 1000);
    const tokenAt = (iat: number, groups: string[]) => tokenOf({ sub: 'rosa', iat, groups });
    const made = await server.call({
      path: '/v1/keys',
      key: tokenAt(issuedAt - 60, ['platform-admins']),
      body: { name: 'laptop' },
    });
    const rolesOfKey = async () => (await whoami(made.body.token)).body.roles;
    expect(await rolesOfKey()).toEqual(['tenant_admin']);
    await whoami(tokenAt(issuedAt, ['users']));
    await expect.poll(rolesOfKey, { timeout: 1000 }).toEqual(['viewer']);
    await whoami(tokenAt(issuedAt - 30, ['platform-admins']));
    expect(await rolesOfKey()).toEqual(['viewer']);
  });
});

describe('one person', () => {
  test('is whoever makes a key while logged in', async () => {
    const login = await whoami(tokenOf({ sub: 'lise' }));
    const made = await server.call({
      path: '/v1/keys',
      key: tokenOf({ sub: 'lise' }),
      body: { name: 'laptop' },
    });
    expect(made.status).toBe(201);
    expect((await whoami(made.body.token)).body.person_id).toBe(login.body.person_id);
  });

  test('is a key and a login that were linked, from the next request on', async () => {
    const person = await makePerson(tenants.database, { name: 'Emmy', roles: ['operator'] });
    const token = tokenOf({ sub: 'emmy' });
    const before = await whoami(token);
    expect(before.body.person_id).not.toBe(person.id);
    await whoami(token);
    expect(await link(person.id, 'emmy')).toEqual({ answer: 'linked' });
    await expect.poll(async () => (await whoami(token)).body.person_id, { timeout: 1000 }).toBe(person.id);
    expect(await link(person.id, 'emmy')).toEqual({ answer: 'linked_already' });
  });

  test('is not made of two while the other has keys of its own', async () => {
    const person = await makePerson(tenants.database, { name: 'Hedy', roles: ['viewer'] });
    const made = await server.call({
      path: '/v1/keys',
      key: tokenOf({ sub: 'hedy' }),
      body: { name: 'laptop' },
    });
    const { principal_id: principalId } = made.body;
    expect(await link(person.id, 'hedy')).toEqual({ answer: 'has_keys', principalId });
    expect(await link(newId('principal'), 'hedy')).toEqual({ answer: 'no_such_principal' });
  });
});

describe('a disabled principal', () => {
  test('is refused within a second, by every token', async () => {
    const token = tokenOf({ sub: 'mallory' });
    const { body } = await whoami(token);
    await whoami(token);
    await asSuperuser('update principals set disabled_at = now() where id = $1', [body.principal_id]);
    await expect.poll(async () => (await whoami(token)).status, { timeout: 1000 }).toBe(401);
    expect((await whoami(tokenOf({ sub: 'mallory' }))).status).toBe(401);
  });
});

describe('a refused token', () => {
  test('is answered with the check that failed, and nothing else', async () => {
    const answer = await whoami(tokenOf({ exp: 1 }));
    expect(answer.status).toBe(401);
    expect(answer.body).toMatchObject({
      code: 'unauthenticated',
      detail: 'The token is refused: it has expired (exp).',
    });
    expect(answer.headers.get('www-authenticate')).toBe(
      'Bearer realm="runtimeai", error="invalid_token", error_description="expired"',
    );
  });

  test('is refused again though it was taken a moment ago, as soon as it ends', async () => {
    const end = Math.floor(Date.now() / 1000) - 28;
    const token = tokenOf({ exp: end });
    expect((await whoami(token)).status).toBe(200);
    await expect.poll(async () => (await whoami(token)).body.detail, { timeout: 5000 }).toContain('expired');
  });

  test('is 503 when the keys of its issuer cannot be read: nobody knows whether it is good', async () => {
    const away = await startIssuer();
    away.answer(500);
    const other = await startServer(tenants, undefined, { issuers: [trust(away.settings())] });
    const answer = await other.call({ path: '/v1/whoami', key: away.token() });
    expect([answer.status, answer.body.code]).toEqual([503, 'identity_unavailable']);
    expect(answer.headers.get('retry-after')).toBe('30');
    await other.close();
    await away.close();
  });
});

describe('an agent', () => {
  const ON_BEHALF_OF = 'Runtimeai-On-Behalf-Of';
  const world = async (agentRoles: 'developer'[] | 'operator'[] = ['developer']) => {
    const owner = await makePerson(tenants.database, { name: 'Olga', roles: ['viewer'] });
    const other = await makePerson(tenants.database, { name: 'Pia', roles: ['operator'] });
    const agent = await makePerson(tenants.database, {
      name: 'Builder',
      roles: agentRoles,
      ownerId: owner.id,
    });
    return { owner, other, agent };
  };

  test('acts for itself, and its owner is the person behind it', async () => {
    const { owner, agent } = await world();
    expect((await whoami(agent.key)).body).toMatchObject({
      principal_id: agent.id,
      kind: 'agent',
      person_id: owner.id,
      on_behalf_of: null,
    });
  });

  test('acts for its owner and for those it is listed with, and for nobody else', async () => {
    const { owner, other, agent } = await world();
    const as = (id: string) => whoami(agent.key, { [ON_BEHALF_OF]: id });
    expect((await as(owner.id)).body).toMatchObject({ person_id: owner.id, on_behalf_of: { name: 'Olga' } });
    for (const id of [other.id, agent.id, newId('principal'), 'x', ''])
      expect([(await as(id)).status, (await as(id)).body.code]).toEqual([403, 'may_not_act_for']);
    await actFor(agent.id, [other.id]);
    await expect.poll(async () => (await as(other.id)).body.person_id, { timeout: 1000 }).toBe(other.id);
  });

  test('may do in somebody’s place only what both may', async () => {
    const { owner, other, agent } = await world();
    await actFor(agent.id, [other.id]);
    const may = async (headers: Record<string, string>, permission: string) => {
      const { body } = await whoami(agent.key, headers);
      return body.permissions.some((each: { permission: string }) => each.permission === permission);
    };
    const forOwner = { [ON_BEHALF_OF]: owner.id };
    const forOther = { [ON_BEHALF_OF]: other.id };
    await expect.poll(() => may(forOther, 'runtime:read'), { timeout: 1000 }).toBe(true);
    expect([await may({}, 'runtime:create'), await may(forOwner, 'runtime:create')]).toEqual([true, false]);
    expect([await may({}, 'runtime:deploy'), await may(forOther, 'runtime:deploy')]).toEqual([true, true]);
    expect([await may({}, 'approval:decide'), await may(forOther, 'approval:decide')]).toEqual([
      false,
      false,
    ]);
    const answer = await server.call({ path: '/v1/runtimes', key: agent.key, headers: forOwner, body: {} });
    expect([answer.status, answer.body.code]).toEqual([403, 'permission_missing']);
  });

  test('stops when its owner is disabled, and so does acting for somebody who is', async () => {
    const { owner, other, agent } = await world();
    await actFor(agent.id, [other.id]);
    const forOther = () => whoami(agent.key, { [ON_BEHALF_OF]: other.id });
    await expect.poll(async () => (await forOther()).status, { timeout: 1000 }).toBe(200);
    await asSuperuser('update principals set disabled_at = now() where id = $1', [other.id]);
    await expect.poll(async () => (await forOther()).status, { timeout: 1000 }).toBe(403);
    await asSuperuser('update principals set disabled_at = now() where id = $1', [owner.id]);
    await expect.poll(async () => (await whoami(agent.key)).status, { timeout: 1000 }).toBe(401);
  });

  test('a person acts for nobody', async () => {
    const { owner, other } = await world();
    const answer = await whoami(other.key, { [ON_BEHALF_OF]: owner.id });
    expect([answer.status, answer.body.code]).toEqual([403, 'may_not_act_for']);
  });

  test('named by the act claim of a person’s token acts for that person', async () => {
    const { agent } = await world(['operator']);
    await link(agent.id, 'builder-client');
    const token = tokenOf({
      sub: 'vera',
      acr: 'mfa',
      act: { sub: 'builder-client' },
      groups: ['platform-admins'],
    });
    const { body } = await whoami(token);
    expect(body).toMatchObject({
      principal_id: agent.id,
      kind: 'agent',
      roles: ['operator'],
      on_behalf_of: { name: 'Ada' },
      credential: { acr: null },
    });
    expect(body.person_id).toBe(body.on_behalf_of.id);
    expect(body.permissions).not.toContainEqual({ permission: 'policy:write', projects: null });
    expect((await whoami(token, { [ON_BEHALF_OF]: agent.id })).status).toBe(403);
  });

  test.each(['nobody-known', 'ada'])('an act claim that names %s, who is no agent, is refused', async sub => {
    expect((await whoami(tokenOf({ sub: 'wilma', act: { sub } }))).status).toBe(401);
  });
});
