import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXAMPLES } from '../../api/openapi/examples.ts';
import { newId } from '../../domain/ids.ts';
import { startServer, type TestRequest, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture } from './tenants.ts';

let tenants: TenantsFixture;
let server: TestServer;
let admin: string;

beforeAll(async () => {
  tenants = await openTenants();
  server = await startServer(tenants);
  admin = tenants.keyOf('acme', 'tenant_admin');
});

afterAll(async () => {
  await server.close();
  await tenants.close();
});

const asAdmin = (request: TestRequest) => server.call({ key: admin, ...request });
const create = (changes: object) =>
  asAdmin({ path: '/v1/runtimes', body: { ...EXAMPLES.createRuntime.smallest.value, ...changes } });
const withAgent = (changes: object) =>
  create({ spec: { agent: { ...EXAMPLES.createRuntime.smallest.value.spec.agent, ...changes } } });

describe('a body that does not fit its schema is 400 and says where', () => {
  test.each<[string, () => ReturnType<typeof create>, string, RegExp]>([
    ['an unknown field', () => create({ colour: 'red' }), '/colour', /not a known field/],
    [
      'an unknown field deep inside',
      () => withAgent({ colour: 'red' }),
      '/spec/agent/colour',
      /not a known field/,
    ],
    ['a wrong type', () => create({ name: 7 }), '/name', /string/],
    [
      'a label that is the platform’s own',
      () => create({ labels: { 'runtimeai.dev/tenant': 'x' } }),
      '/labels/runtimeai.dev~1tenant',
      /label name/,
    ],
    ['an over-long name', () => create({ name: 'a'.repeat(41) }), '/name', /40/],
    ['a name that is no DNS label', () => create({ name: 'Support_Agent' }), '/name', /DNS label/],
    ['no name', () => create({ name: undefined }), '/name', /string/],
    [
      'negative resources',
      () => withAgent({ resources: { cpu: '-1', memory: '128Mi' } }),
      '/spec/agent/resources/cpu',
      /cores/,
    ],
    ['negative replicas', () => withAgent({ replicas: -1 }), '/spec/agent/replicas', /0/],
    [
      'a malformed image',
      () => withAgent({ image: 'registry/Agent:1.0' }),
      '/spec/agent/image',
      /image reference/,
    ],
    [
      'an unknown framework',
      () => withAgent({ framework: { name: 'skynet' } }),
      '/spec/agent/framework/name',
      /./,
    ],
    [
      'a reference without its key',
      () => withAgent({ env: [{ name: 'API_TOKEN', secret_ref: { name: 'crm' } }] }),
      '/spec/agent/env/0/secret_ref/key',
      /./,
    ],
    ['a body that is not there', () => asAdmin({ method: 'POST', path: '/v1/runtimes' }), '', /./],
    ['a list instead of an object', () => asAdmin({ path: '/v1/runtimes', body: [] }), '', /object/],
  ])('%s', async (_, send, pointer, message) => {
    const answer = await send();
    expect(answer.status, JSON.stringify(answer.body)).toBe(400);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({ code: 'invalid_request', status: 400, instance: '/v1/runtimes' });
    expect(answer.body.errors).toContainEqual({ pointer, message: expect.stringMatching(message) });
    expect(JSON.stringify(answer.body)).not.toContain('hunter2');
  });

  test.each<[string, () => ReturnType<typeof create>, string, RegExp]>([
    ['the field of another kind', () => create({ type: 'vm' }), '/spec/agent', /does not apply to a vm/],
    [
      'absurd resources',
      () => withAgent({ resources: { cpu: '1', memory: '9000Gi' } }),
      '/spec/agent/resources/memory',
      /512Gi/,
    ],
    [
      'an image without a tag',
      () => withAgent({ image: 'registry.example.com/agent' }),
      '/spec/agent/image',
      /tag or a digest/,
    ],
    [
      'a secret where a reference belongs',
      () => withAgent({ env: [{ name: 'API_TOKEN', value: 'hunter2hunter2' }] }),
      '/spec/agent/env/0/value',
      /secret_ref/,
    ],
  ])('%s fits its schema and is 422', async (_, send, pointer, message) => {
    const answer = await send();
    expect(answer.status, JSON.stringify(answer.body)).toBe(422);
    expect(answer.body).toMatchObject({ code: 'unprocessable_request', instance: '/v1/runtimes' });
    expect(answer.body.errors).toContainEqual({ pointer, message: expect.stringMatching(message) });
    expect(JSON.stringify(answer.body)).not.toContain('hunter2');
  });

  test('every violation is named, not only the first', async () => {
    const answer = await create({ name: 'X', colour: 'red', project: 'a--b' });
    expect(answer.body.errors.map((each: { pointer: string }) => each.pointer).sort()).toEqual([
      '/colour',
      '/name',
      '/project',
    ]);
  });
});

describe('a body that cannot be read', () => {
  test.each<[string, TestRequest, number, string]>([
    ['not JSON', { path: '/v1/runtimes', body: '{"name": ' }, 400, 'malformed_body'],
    [
      'a key that would change the prototype',
      { path: '/v1/runtimes', body: '{"__proto__": {"admin": true}}' },
      422,
      'unprocessable_request',
    ],
    [
      'such a key in what is no JSON',
      { path: '/v1/runtimes', body: '{"__proto__": ' },
      400,
      'malformed_body',
    ],
    [
      'a NUL character',
      { path: '/v1/runtimes', body: '{"name": "a\\u0000b"}' },
      422,
      'unprocessable_request',
    ],
    [
      'half a surrogate pair',
      { path: '/v1/runtimes', body: '{"name": "\\ud800"}' },
      422,
      'unprocessable_request',
    ],
    ['5 MB', { path: '/v1/runtimes', body: { name: 'x'.repeat(5_000_000) } }, 413, 'body_too_large'],
    [
      'another content type',
      {
        path: '/v1/runtimes',
        body: 'name=x',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
      415,
      'unsupported_media_type',
    ],
    [
      'plain text',
      { path: '/v1/runtimes', body: 'hello', headers: { 'content-type': 'text/plain' } },
      415,
      'unsupported_media_type',
    ],
  ])('%s', async (_, request, status, code) => {
    const answer = await asAdmin(request);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });
});

describe('parameters', () => {
  test.each<[string, string, string]>([
    ['a page that is too large', '/v1/runtimes?page_size=201', '/query/page_size'],
    ['a page of none', '/v1/runtimes?page_size=0', '/query/page_size'],
    ['a page size given twice', '/v1/runtimes?page_size=1&page_size=2', '/query/page_size'],
    ['a page size that is nothing', '/v1/runtimes?page_size=', '/query/page_size'],
    ['a page size that only JavaScript reads', '/v1/runtimes?page_size=0x10', '/query/page_size'],
    ['a page size with a space', '/v1/runtimes?page_size=%205', '/query/page_size'],
    ['a part of a page', '/v1/runtimes?page_size=1.5', '/query/page_size'],
    ['a page size that is no number', '/v1/runtimes?page_size=ten', '/query/page_size'],
    ['an unknown parameter', '/v1/runtimes?colour=red', '/query/colour'],
    ['a state there is not', '/v1/runtimes?state=fine', '/query/state'],
    ['a wait that is too long', `/v1/operations/${newId('operation')}?wait=61`, '/query/wait'],
  ])('%s is 400', async (_, path, pointer) => {
    const answer = await asAdmin({ path });
    expect(answer.status, JSON.stringify(answer.body)).toBe(400);
    expect(answer.body.errors).toEqual([{ pointer, message: expect.any(String) }]);
  });

  test('a page token of another list, or none at all, is 422', async () => {
    const token = Buffer.from('000000000000|rt_01h455vb4pex5vsknk084sn02q').toString('base64url');
    for (const each of [token, 'abc']) {
      const answer = await asAdmin({ path: `/v1/operations?page_token=${each}` });
      expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, '/query/page_token']);
    }
  });

  test.each(['', 'with space', 'x'.repeat(256)])('the Idempotency-Key %j is 400', async value => {
    const answer = await asAdmin({
      path: '/v1/runtimes',
      body: EXAMPLES.createRuntime.smallest.value,
      headers: { 'idempotency-key': value },
    });
    expect(answer.status).toBe(400);
    expect(answer.body.errors[0].pointer).toBe('/headers/Idempotency-Key');
  });

  test('a Last-Event-ID that is no sequence is 400', async () => {
    const headers = { accept: 'text/event-stream', 'last-event-id': 'seven' };
    expect((await asAdmin({ path: `/v1/runtimes/${newId('runtime')}/events`, headers })).status).toBe(400);
  });
});

describe('addresses', () => {
  test('a way out of the reference page is 404', async () => {
    const request = 'GET /v1/reference/../../package.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    expect(await sendRaw(request)).toMatch(/^HTTP\/1.1 404 .*"code":"not_found"/s);
  });

  test('an unknown one is 404 and says where to look', async () => {
    const answer = await asAdmin({ path: '/v1/runtime' });
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({
      code: 'not_found',
      detail: expect.stringContaining('/v1/openapi.json'),
    });
  });

  test.each(['DELETE', 'QUERY', 'PATCH'])(
    'a wrong method (%s) is 405 and names the right ones',
    async method => {
      const answer = await asAdmin({ method, path: `/v1/operations/${newId('operation')}` });
      expect([answer.status, answer.body.code, answer.headers.get('allow')]).toEqual([
        405,
        'method_not_allowed',
        'GET, HEAD',
      ]);
    },
  );

  test.each([
    ['OPTIONS', '/v1/policies/check', 'POST'],
    ['GET', '/v1/policies/check', 'POST'],
    ['HEAD', '/v1/policies/%63heck', 'POST'],
    ['PUT', '/v1/policies/export', 'GET, HEAD'],
    ['DELETE', '/v1/audit/checkpoints', 'GET, HEAD'],
  ])(
    '%s of the fixed address %s is 405, though a parameter beside it takes it',
    async (method, path, allow) => {
      const answer = await asAdmin({ method, path });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
    },
  );

  test('a fixed address beside a parameter leaves the parameter what it takes', async () => {
    const one = await asAdmin({ method: 'PATCH', path: `/v1/policies/${newId('policy')}` });
    expect([one.status, one.headers.get('allow')]).toEqual([405, 'GET, HEAD, PUT, DELETE']);
    expect((await asAdmin({ path: `/v1/policies/${newId('policy')}` })).status).toBe(404);
    expect((await asAdmin({ path: '/v1/policies/%65xport' })).status).toBe(200);
  });

  test.each(['rt_x', '%00', 'dep_01h455vb4pex5vsknk084sn02q', 'x'.repeat(300), '%ff'])(
    'the id %j is 404 or 400, never an error of ours',
    async id => {
      const answer = await asAdmin({ path: `/v1/runtimes/${id}` });
      expect([400, 404], JSON.stringify(answer.body)).toContain(answer.status);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    },
  );
});

describe('every answer', () => {
  test('carries the id of its request, the caller’s own if it is usable', async () => {
    const own = await server.call({ path: '/v1/health', headers: { 'x-request-id': 'abc-1' } });
    expect(own.headers.get('x-request-id')).toBe('abc-1');
    const made = await asAdmin({ path: '/v1/nowhere', headers: { 'x-request-id': 'with space' } });
    expect(made.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{24}$/);
    expect(made.body.request_id).toBe(made.headers.get('x-request-id'));
  });

  test('is logged once with who asked and how long it took, and without the key', async () => {
    await asAdmin({ path: '/v1/approvals', headers: { 'x-request-id': 'logged-1' } });
    const lines = server.logged.filter(line => line.includes('logged-1')).map(line => JSON.parse(line));
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'info',
        tenant: 'acme',
        route: '/v1/approvals',
        status: 200,
        ms: expect.any(Number),
        principal: expect.stringMatching(/^prn_/),
      }),
    ]);
    expect(server.logged.join()).not.toContain(admin.slice(-20));
  });

  test('is counted', async () => {
    await asAdmin({ path: '/v1/nowhere-else' });
    const text = (await server.call({ path: '/metrics' })).body;
    expect(text).toMatch(
      /runtimeai_http_request_seconds_count\{route="\/v1\/approvals",method="GET",status="200"\} \d/,
    );
    expect(text).toMatch(/runtimeai_http_problems_total\{code="not_found"\} \d/);
  });
});

test('a body nested a hundred thousand deep, with an escape in it, is refused and harms nobody', async () => {
  const deep = `{"name":"\\u0041","labels":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
  const headers = { 'content-type': 'application/json' };
  const answer = await asAdmin({ path: '/v1/runtimes', body: deep, headers });
  expect([answer.status, answer.body.code]).toEqual([400, 'malformed_body']);
  expect((await asAdmin({ path: '/v1/runtimes' })).status).toBe(200);
});

describe('what is no HTTP request', () => {
  test.each([
    ['a method there is not', 'FOO /v1/runtimes HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['headers without end', `GET /v1/health HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`],
  ])('%s gets a problem document all the same', async (_, request) => {
    const answer = await sendRaw(request);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toMatch(/content-type: application\/problem\+json/i);
    const document = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
    expect(document).toMatchObject({ code: 'invalid_request', status: 400, request_id: expect.any(String) });
  });
});

function sendRaw(request: string): Promise<string> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(request));
    socket.setEncoding('utf8').on('data', text => {
      answer += text;
    });
    socket.on('close', () => resolve(answer)).on('error', reject);
  });
}
