import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONTROLLERS } from '../../api/app.ts';
import { accessOf } from '../../api/http/permission.decorator.ts';
import { ROUTES } from '../../api/openapi/routes.ts';
import { listPolicies } from '../../db/policies.ts';
import { newId } from '../../domain/ids.ts';
import { ROLE_PERMISSIONS, Role } from '../../domain/principal.ts';
import { type Recorded, recordDeploys } from './recorded.ts';
import { startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture, type TestTenant } from './tenants.ts';

/** What is served beside the contract: for browsers, for Kubernetes and for Prometheus. */
const BESIDE = [
  'GET /v1/openapi.json',
  'GET /v1/reference',
  'GET /v1/reference/start.js',
  'GET /live',
  'GET /ready',
  'GET /metrics',
];

/** What is the same for every tenant. */
const OF_NO_TENANT = ['/runtime-kinds'];

interface Served {
  readonly route: string;
  readonly access: ReturnType<typeof accessOf>;
}

const served: Served[] = CONTROLLERS.flatMap(controller => {
  const prefix = Reflect.getMetadata(PATH_METADATA, controller) as string;
  return Object.getOwnPropertyNames(controller.prototype).flatMap(name => {
    const handler = Object.getOwnPropertyDescriptor(controller.prototype, name)?.value as object;
    const method = Reflect.getMetadata(METHOD_METADATA, handler) as number | undefined;
    if (method === undefined) return [];
    const path = [prefix, Reflect.getMetadata(PATH_METADATA, handler) as string]
      .map(part => part.replace(/^\/|\/$/g, ''))
      .filter(Boolean);
    return [{ route: `${RequestMethod[method]} /${path.join('/')}`, access: accessOf(handler) }];
  });
});

const documented = ROUTES.map(({ method, path, permission, authenticated }) => ({
  route: `${method.toUpperCase()} /v1${path.replace(/\{(\w+)\}/g, ':$1')}`,
  access: permission ? { permission } : authenticated ? { authenticated } : { public: true },
}));

describe('the routes', () => {
  test.each(served)('$route states who may call it', ({ access }) => {
    expect(access).toBeDefined();
  });

  test('that are served are those of the document, and the few beside it', () => {
    expect(served.map(({ route }) => route).sort()).toEqual(
      [...documented.map(({ route }) => route), ...BESIDE].sort(),
    );
  });

  test.each(documented)('$route requires what the document says', ({ route, access: stated }) => {
    const { access } = served.find(each => each.route === route) ?? {};
    expect(access).toEqual(stated);
  });
});

describe('each route, called by each role, by nobody and by another tenant', () => {
  let tenants: TenantsFixture;
  let server: TestServer;
  let acmes: Recorded;

  beforeAll(async () => {
    tenants = await openTenants();
    server = await startServer(tenants);
    acmes = await recordDeploys(tenants.database, 'acme');
  });

  afterAll(async () => {
    await server.close();
    await tenants.close();
  });

  const call = (
    route: (typeof ROUTES)[number],
    { key, ids }: { key?: string; ids: Record<string, string> },
  ) =>
    server.call({
      method: route.method.toUpperCase(),
      path: `/v1${route.path.replace(/\{(\w+)\}/g, (_, name) => ids[name] ?? '')}`,
      ...(key !== undefined && { key }),
      ...(route.body && { body: Object.values(route.body.examples)[0]?.value }),
    });
  const nothing = {
    runtime_id: newId('runtime'),
    operation_id: newId('operation'),
    deployment_id: newId('deployment'),
    approval_id: newId('approval'),
    policy_id: newId('policy'),
    intent_id: newId('intent'),
  };
  const policyOf = async (tenantId: TestTenant) =>
    (await listPolicies(tenants.database.forTenant(tenantId)))[0]?.id ?? '';
  const guarded = ROUTES.filter(route => route.permission);
  // With the ids of nothing, no command gets as far as Temporal; those without an id get a body that is refused.
  const harmless = guarded.map(route =>
    route.body && !route.path.includes('{') ? { ...route, body: undefined } : route,
  );

  test.each(harmless.flatMap(route => Role.options.map(role => ({ ...route, role }))))(
    '$operationId as $role',
    async ({ role, ...route }) => {
      const answer = await call(route as (typeof ROUTES)[number], {
        key: tenants.keyOf('acme', role),
        ids: nothing,
      });
      const may = route.permission !== undefined && ROLE_PERMISSIONS[role].includes(route.permission);
      if (may) expect([200, 400, 404]).toContain(answer.status);
      else expect([answer.status, answer.body.code]).toEqual([403, 'permission_missing']);
    },
  );

  test.each(guarded)('$operationId as nobody', async route => {
    const answer = await call(route, { ids: nothing });
    expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  test.each(guarded.filter(route => route.path.includes('{')))(
    '$operationId of another tenant’s cannot be told from what does not exist',
    async route => {
      const key = tenants.keyOf('globex', 'tenant_admin');
      const ids = {
        runtime_id: acmes.runtimeId,
        operation_id: acmes.operationId,
        deployment_id: acmes.deploymentId,
        approval_id: acmes.approvalId,
        policy_id: await policyOf('acme'),
        intent_id: newId('intent'),
      };
      const theirs = await call(route, { key, ids });
      const absent = await call(route, { key, ids: nothing });
      expect(theirs.status).toBe(404);
      expect(withoutIds(theirs.body)).toEqual(withoutIds(absent.body));
    },
  );

  test.each(
    guarded.filter(
      route => route.method === 'get' && !route.path.includes('{') && !OF_NO_TENANT.includes(route.path),
    ),
  )('$operationId shows nothing of another tenant', async route => {
    const idsShownTo = async (tenant: TestTenant): Promise<string[]> => {
      const answer = await call(route, { key: tenants.keyOf(tenant, 'viewer'), ids: nothing });
      return answer.body.items.map((item: { id: string }) => item.id);
    };
    const theirs = await idsShownTo('acme');
    expect(theirs.length).toBeGreaterThan(0);
    expect((await idsShownTo('globex')).filter(id => theirs.includes(id))).toEqual([]);
  });

  test.each(guarded)('$operationId refuses a tenant_id that is not the key’s', async route => {
    for (const name of ['tenant_id', 'x-tenant-id']) {
      const answer = await server.call({
        path: `/v1${route.path}`,
        method: route.method.toUpperCase(),
        key: tenants.keyOf('acme', 'tenant_admin'),
        headers: { [name]: 'globex' },
      });
      expect([answer.status, answer.body.code]).toEqual([403, 'other_tenant']);
    }
  });

  test('the tenant_id of the body may only repeat the key’s', async () => {
    const body = { ...createExample(), tenant_id: 'globex' };
    const answer = await server.call({
      path: '/v1/runtimes',
      key: tenants.keyOf('acme', 'tenant_admin'),
      body,
    });
    expect([answer.status, answer.body.code]).toEqual([403, 'other_tenant']);
  });

  test.each(['rtai_test_x_y_z', 'abc', ''])('the key %j is nobody’s', async key => {
    expect(
      (await server.call({ path: '/v1/runtimes', headers: { authorization: `Bearer ${key}` } })).status,
    ).toBe(401);
  });

  test('a key whose secret was changed is nobody’s', async () => {
    const key = tenants.keyOf('acme', 'viewer');
    const flipped = key.replace(
      /_([^_]+)_([^_]+)$/,
      (_, secret: string, crc: string) =>
        `_${secret.replace(/.$/, last => (last === 'a' ? 'b' : 'a'))}_${crc}`,
    );
    expect((await server.call({ path: '/v1/runtimes', key: flipped })).status).toBe(401);
  });

  test('the reference page needs nothing from elsewhere, and only what it needs is served', async () => {
    const page = await server.call({ path: '/v1/reference' });
    const files = [...String(page.body).matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map(
      match => `/v1/${match[1]}`,
    );
    expect(files).toHaveLength(3);
    for (const path of files) expect((await server.call({ path })).status, path).toBe(200);
    expect(page.body).not.toMatch(/https?:|<script>/);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect((await server.call({ path: '/v1/reference/package.json' })).status).toBe(404);
  });

  test('what is beside the document is public', async () => {
    for (const route of BESIDE)
      expect((await server.call({ path: route.slice('GET '.length) })).status, route).toBe(200);
  });
});

function createExample(): object {
  const [first] = Object.values(
    ROUTES.find(route => route.operationId === 'createRuntime')?.body?.examples ?? {},
  );
  return first?.value as object;
}

function withoutIds(body: object): unknown {
  return JSON.parse(
    JSON.stringify(body)
      .replace(/\b(rt|op|dep|apr|pol|int)_[0-9a-z]{26}/g, '$1_')
      .replace(/req_[0-9a-f]{24}/, 'req_'),
  );
}
