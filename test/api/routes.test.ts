import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONTROLLERS } from '../../api/app.ts';
import { accessOf } from '../../api/http/permission.decorator.ts';
import { needsCaller } from '../../api/openapi/route.ts';
import { ROUTES } from '../../api/openapi/routes.ts';
import { startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture } from './tenants.ts';

/** What is served beside the contract: for browsers, for Kubernetes and for Prometheus. */
const BESIDE = [
  'GET /v1/openapi.json',
  'GET /v1/reference',
  'GET /v1/reference/start.js',
  'GET /live',
  'GET /ready',
  'GET /metrics',
];

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

describe('who calls', () => {
  let tenants: TenantsFixture;
  let server: TestServer;
  const guarded = ROUTES.filter(needsCaller);

  beforeAll(async () => {
    tenants = await openTenants();
    server = await startServer(tenants);
  });

  afterAll(async () => {
    await server.close();
    await tenants.close();
  });

  test('learns from a 401 how to say who it is', async () => {
    const answer = await server.call({ path: '/v1/runtimes' });
    expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
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
