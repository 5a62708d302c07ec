import { afterAll, beforeAll, test } from 'vitest';
import { trust } from '../../clients/oidc/token-verifier.ts';
import { type FakeIssuer, startIssuer } from '../fakes/issuer.ts';
import { type GovernedWorld, openGovernedWorld } from './governed-world.ts';
import { makePerson } from './people.ts';
import { startServer, type TestServer } from './server.ts';

let world: GovernedWorld;
let server: TestServer;
let issuer: FakeIssuer;
beforeAll(async () => {
  world = await openGovernedWorld();
  issuer = await startIssuer();
  issuer.publish([issuer.key.jwk]);
  server = await startServer(world.tenants, undefined, {
    issuers: [trust(issuer.settings({ tenant: { claim: 'tenant' } }))],
  });
});
afterAll(async () => {
  await server.close();
  await issuer.close();
  await world.close();
});
const out: string[] = [];
const tell = (what: string, a: any) =>
  out.push(`${what} -> ${a.status} ${a.body?.code ?? ''} ${JSON.stringify(a.body).slice(0, 230)}`);
const call = (key: string, path: string, body?: unknown, method?: string, headers: any = {}) =>
  server.call({
    path: `/v1${path}`,
    key,
    headers,
    ...(body !== undefined && { body }),
    ...(method && { method }),
  });
test('attack', async () => {
  const db = world.tenants.database;
  // system tenant by token
  tell(
    'token of tenant system',
    await call(issuer.token({ claims: { sub: 'x', tenant: 'system', groups: ['users'] } }), '/whoami'),
  );
  tell(
    'token of unknown tenant',
    await call(issuer.token({ claims: { sub: 'x', tenant: 'nosuch', groups: ['users'] } }), '/whoami'),
  );
  // project admin
  const padmin = await makePerson(db, { name: 'padmin', roles: ['tenant_admin'], project: 'default' });
  const boss = world.tenants.keyOf('acme', 'super_admin');
  const bossId = world.principalOf('acme', 'super_admin');
  for (const [w, b] of [
    ['tenant-wide grant', { name: 'e1', kind: 'human', grants: [{ role: 'viewer', project: null }] }],
    [
      'grant in other project',
      { name: 'e2', kind: 'human', grants: [{ role: 'viewer', project: 'acme-secret' }] },
    ],
    [
      'grant in project that is not there',
      { name: 'e2', kind: 'human', grants: [{ role: 'viewer', project: 'nope' }] },
    ],
    [
      'super_admin in own project',
      { name: 'e3', kind: 'human', grants: [{ role: 'super_admin', project: 'default' }] },
    ],
    [
      'agent of boss',
      { name: 'e4', kind: 'agent', owner_id: bossId, grants: [{ role: 'viewer', project: 'default' }] },
    ],
    [
      'agent may_act_for boss',
      { name: 'e5', kind: 'agent', may_act_for: [bossId], grants: [{ role: 'viewer', project: 'default' }] },
    ],
    [
      'groups',
      {
        name: 'e6',
        kind: 'human',
        groups: ['platform-admins'],
        grants: [{ role: 'viewer', project: 'default' }],
      },
    ],
    ['no grants', { name: 'e7', kind: 'human' }],
  ] as const)
    tell(`project admin POST /members ${w}`, await call(padmin.key, '/members', b));
  tell('project admin renames boss', await call(padmin.key, `/members/${bossId}`, { name: 'x' }, 'PUT'));
  tell(
    'project admin takes boss grants',
    await call(padmin.key, `/members/${bossId}`, { grants: [] }, 'PUT'),
  );
  tell('project admin disables boss', await call(padmin.key, `/members/${bossId}`, undefined, 'DELETE'));
  tell(
    'project admin groups self',
    await call(padmin.key, `/members/${padmin.id}`, { groups: ['platform-admins'] }, 'PUT'),
  );
  tell(
    'project admin self super',
    await call(
      padmin.key,
      `/members/${padmin.id}`,
      { grants: [{ role: 'super_admin', project: null }] },
      'PUT',
    ),
  );
  tell('project admin key of boss', await call(padmin.key, '/keys', { name: 'k', principal_id: bossId }));
  tell('project admin lists all keys', await call(padmin.key, '/keys?all=true'));
  tell('project admin project', await call(padmin.key, '/projects', { name: 'pp' }));
  tell(
    'project admin quota',
    await call(
      padmin.key,
      '/projects/default',
      { quota: { cpu: 99, memory_mib: 1, pods: 1, storage_gib: 1 } },
      'PUT',
    ),
  );
  tell('project admin tenants', await call(padmin.key, '/tenants'));
  tell('project admin audit', await call(padmin.key, '/audit'));
  tell('project admin export', await call(padmin.key, '/audit/export'));
  tell(
    'project admin policies check other runtime',
    await call(padmin.key, '/policies/check', {
      action: 'lifecycle.scale',
      runtime_id: world.named('acme', 'acme-secret').runtime_id,
    }),
  );
  tell(
    'project admin delegation',
    await call(padmin.key, '/delegations', {
      from: bossId,
      to: padmin.id,
      until: new Date(Date.now() + 3.6e6).toISOString(),
    }),
  );
  // tenant admin
  const tadmin = world.tenants.keyOf('acme', 'tenant_admin');
  const tId = world.principalOf('acme', 'tenant_admin');
  tell(
    'tenant_admin self super',
    await call(tadmin, `/members/${tId}`, { grants: [{ role: 'super_admin', project: null }] }, 'PUT'),
  );
  tell('tenant_admin disables boss', await call(tadmin, `/members/${bossId}`, undefined, 'DELETE'));
  tell('tenant_admin key of boss', await call(tadmin, '/keys', { name: 'k', principal_id: bossId }));
  tell(
    'tenant_admin scoped key of boss',
    await call(tadmin, '/keys', { name: 'k', principal_id: bossId, scopes: ['runtime:read'] }),
  );
  tell('tenant_admin rotate boss key', await call(tadmin, '/keys?all=true&page_size=100'));
  tell(
    'tenant_admin agent for boss',
    await call(tadmin, '/members', {
      name: 'bot',
      kind: 'agent',
      may_act_for: [bossId],
      grants: [{ role: 'tenant_admin', project: null }],
    }),
  );
  tell(
    'tenant_admin agent owner boss',
    await call(tadmin, '/members', { name: 'bot', kind: 'agent', owner_id: bossId, grants: [] }),
  );
  tell('tenant_admin makes tenant', await call(tadmin, '/tenants', { id: 'zz' }));
  tell(
    'tenant_admin key for operator',
    await call(tadmin, '/keys', { name: 'imp', principal_id: world.principalOf('acme', 'operator') }),
  );
  const globexId = world.principalOf('globex', 'operator');
  tell(
    'grant to foreign principal',
    await call(boss, `/members/${globexId}`, { grants: [{ role: 'viewer', project: null }] }, 'PUT'),
  );
  tell('key of foreign principal', await call(boss, '/keys', { name: 'k', principal_id: globexId }));
  tell(
    'delegate to foreign',
    await call(boss, '/delegations', { to: globexId, until: new Date(Date.now() + 3.6e6).toISOString() }),
  );
  tell(
    'agent of foreign owner',
    await call(boss, '/members', { name: 'bot', kind: 'agent', owner_id: globexId, grants: [] }),
  );
  // scopes
  const scoped = await makePerson(db, {
    name: 'scoped',
    roles: ['super_admin'],
    scopes: ['key:own', 'runtime:read'],
  });
  const k1 = await call(scoped.key, '/keys', { name: 'k1', scopes: [] });
  tell('empty scopes', k1);
  if (k1.body.token) tell(' uses it', await call(k1.body.token, '/runtimes'));
  const k2 = await call(scoped.key, '/keys', { name: 'k2' });
  tell('no scopes stated', k2);
  tell('wider scopes', await call(scoped.key, '/keys', { name: 'k3', scopes: ['member:write'] }));
  const wide = await makePerson(db, { name: 'wide', roles: [], principalId: scoped.id });
  const list = await call(scoped.key, '/keys');
  const unscoped = list.body.items.find((k: any) => k.scopes === null);
  tell('scoped rotates unscoped sibling', await call(scoped.key, `/keys/${unscoped?.id}/rotate`, {}));
  void wide;
  // last admin by agent of oneself
  const made = await world.made('acme', '/v1/tenants', { id: 'child-a', admin: { name: 'Lin' } });
  const lin = made.admin;
  const bot = await call(lin.token, '/members', {
    name: 'bot',
    kind: 'agent',
    grants: [{ role: 'tenant_admin', project: null }],
  });
  tell('child admin makes own agent admin', bot);
  const botKey = await call(lin.token, '/keys', { name: 'bot', principal_id: bot.body.id });
  tell(
    'last human admin disables herself',
    await call(lin.token, `/members/${lin.principal_id}`, undefined, 'DELETE'),
  );
  await new Promise(r => setTimeout(r, 1200));
  tell('her agent then', await call(botKey.body.token ?? 'x', '/members'));
  // parent / child / siblings
  const b2 = await world.made('acme', '/v1/tenants', { id: 'child-b', admin: { name: 'Wei' } });
  tell('child lists tenants', await call(b2.admin.token, '/tenants'));
  tell('child reads sibling', await call(b2.admin.token, '/tenants/child-a'));
  tell('child reads parent', await call(b2.admin.token, '/tenants/acme'));
  const rt = world.named('acme').runtime_id;
  tell('child reads parent runtime', await call(b2.admin.token, `/runtimes/${rt}`));
  tell('child policies', await call(b2.admin.token, '/policies'));
  tell('parent header for child', await call(boss, '/runtimes', undefined, 'GET', { tenant_id: 'child-b' }));
  tell('parent members of child', await call(boss, `/members/${b2.admin.principal_id}`));
  tell(
    'parent disables child admin',
    await call(boss, `/members/${b2.admin.principal_id}`, undefined, 'DELETE'),
  );
  // two admins remove each other at once
  const wei2 = await call(b2.admin.token, '/members', {
    name: 'wei2',
    kind: 'human',
    grants: [{ role: 'tenant_admin', project: null }],
  });
  const wei2key = await call(b2.admin.token, '/keys', { name: 'k', principal_id: wei2.body.id });
  const both = await Promise.all([
    call(b2.admin.token, `/members/${wei2.body.id}`, undefined, 'DELETE'),
    call(wei2key.body.token, `/members/${b2.admin.principal_id}`, undefined, 'DELETE'),
  ]);
  both.forEach((a, i) => tell(`each removes the other ${i}`, a));
  // idempotent replay after losing project
  const lim = await makePerson(db, { name: 'lim', roles: ['tenant_admin'], project: 'acme-secret' });
  const body = { name: 'e9', kind: 'human', grants: [{ role: 'viewer', project: 'acme-secret' }] };
  const first = await call(lim.key, '/members', body, 'POST', { 'idempotency-key': 'idem1' });
  tell('made', first);
  const v = await call(boss, `/members/${lim.id}`);
  tell(
    'moved to other project',
    await call(boss, `/members/${lim.id}`, { grants: [{ role: 'tenant_admin', project: 'default' }] }, 'PUT'),
  );
  await new Promise(r => setTimeout(r, 1200));
  void v;
  tell(
    'replay after losing sight',
    await call(lim.key, '/members', body, 'POST', { 'idempotency-key': 'idem1' }),
  );
  tell('tenant system', await call(boss, '/tenants', { id: 'system' }));
  console.log('\n' + out.join('\n'));
}, 120000);
