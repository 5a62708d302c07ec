import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Deployment } from '../../domain/deployment.ts';
import type { Operation } from '../../domain/operation.ts';
import { must, refusal } from './caller.ts';
import { historiesOf } from './histories.ts';
import { addressOf, logOf, PROCESSES } from './processes.ts';
import { hasRealNode, type System, startSystem } from './system.ts';

vi.setConfig({ testTimeout: 150_000, hookTimeout: 180_000 });

const CANARY = `canary${randomBytes(12).toString('hex')}`;
/** Of the same kind as the canary, but allowed to be seen: shows that the searches below would find one. */
const VISIBLE = `visible${randomBytes(12).toString('hex')}`;

let system: System;
let runtimeId: string;
const answers: string[] = [];

beforeAll(async () => {
  system = await startSystem({ nodes: hasRealNode() ? 'real' : 'simulated' });
  const { developer } = system.open.people;
  await developer.running('earlier', { version: '1.0.0', agent: { replicas: 0 } });
  await system.kubernetes.create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'credentials', namespace: system.open.namespaceOf() },
    stringData: { password: CANARY },
  });
  const env = [
    { name: 'DATABASE_PASSWORD', secret_ref: { name: 'credentials', key: 'password' } },
    { name: 'GREETING', value: VISIBLE },
  ];
  const agent = { replicas: 1, env };
  ({ id: runtimeId } = await developer.running('secretive', { version: '1.0.0', agent }));
  const request = { verification: { timeout_seconds: 5, soak_seconds: 0 } };
  const bad = await developer.begin(runtimeId, { version: '1.2.0-never-ready', agent, request });
  await developer.ends(bad.id, 'rolled_back');
});

afterAll(() => system?.stop());

describe('a secret in the wrong place is refused without being repeated', () => {
  const create = (agent: object, rest: object = {}) =>
    system.open.people.developer.create('careless', { version: '1.0.0', agent, request: rest });

  it.each<[string, () => ReturnType<typeof create>]>([
    [
      'a variable whose name says that it is one',
      () => create({ env: [{ name: 'DB_PASSWORD', value: CANARY }] }),
    ],
    ['a value that looks like one', () => create({ env: [{ name: 'GREETING', value: `sk-${CANARY}` }] })],
    ['a field nobody knows', () => create({ api_key: CANARY })],
    ['a field of another type', () => create({}, { keep_failed: CANARY })],
    ['the image', () => create({ image: `https://user:${CANARY}@registry.example.com/agent:1` })],
  ])('as %s', async (_, ask) => {
    const answer = await ask();
    answers.push(answer.text);
    expect([
      [400, 'invalid_request'],
      [422, 'unprocessable_request'],
    ]).toContainEqual(refusal(answer));
    expect(answer.text).not.toContain(CANARY);
  });

  it('as a body that is no JSON, a query, a header or a key', async () => {
    const { url, key } = system.open.people.developer;
    const ask = (path: string, init: RequestInit) => fetch(`${url}/v1${path}`, init);
    const authorization = `Bearer ${key}`;
    const body = `{"name": "careless", "password": "${CANARY}`;
    const asked = await Promise.all([
      ask('/runtimes', {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body,
      }),
      ask(`/runtimes?token=${CANARY}`, { headers: { authorization } }),
      ask('/runtimes', { headers: { authorization: `Bearer ${CANARY}` } }),
      ask('/runtimes', { headers: { authorization: `Bearer rtai_test_${CANARY}_${CANARY}_abcdef` } }),
      ask('/runtimes', { headers: { authorization: `Basic ${CANARY}`, cookie: `session=${CANARY}` } }),
    ]);
    expect(asked.map(({ status }) => status)).toEqual([400, 400, 401, 401, 401]);
    for (const answer of asked) expect(await answer.text()).not.toContain(CANARY);
  });
});

describe('a secret that a runtime uses is nowhere but in its Secret', () => {
  it('the answers of the API', async () => {
    const read = await everythingReadable();
    expect(read).toContain(VISIBLE);
    expect(read).not.toContain(CANARY);
  });

  it('the histories in Temporal', async () => {
    const histories = await historiesOf(system, await operations());
    expect(histories).toContain(VISIBLE);
    expect(histories).not.toContain(CANARY);
  });

  it('the Secrets of the releases', async () => {
    const contents = await system.releases.contents(system.open.namespaceOf());
    expect(contents).toContain(VISIBLE);
    expect(contents).not.toContain(CANARY);
  });

  it.each(PROCESSES)('the log and the metrics of %s, which hold no API key either', async name => {
    const metrics = await (await fetch(`${addressOf(system, name)}/metrics`)).text();
    const log = logOf(system, name);
    expect(metrics).toContain('process_cpu_seconds_total');
    expect(log).toMatch(/"level":"info"/);
    const secrets = [CANARY, ...Object.values(system.open.people).map(({ key }) => secretOf(key))];
    const lines = [...metrics.split('\n'), ...log.split('\n')];
    expect(lines.filter(line => secrets.some(secret => line.includes(secret)))).toEqual([]);
  });
});

/** Every GET the tenant can make, put one after the other. */
async function everythingReadable(): Promise<string> {
  const { tenant_admin } = system.open.people;
  const deployments = await tenant_admin.get<{ items: Deployment[] }>(`/runtimes/${runtimeId}/deployments`);
  const paths = [
    ...['', '/status', '/events?limit=500'].map(rest => `/runtimes/${runtimeId}${rest}`),
    ...['/runtimes', '/operations', '/approvals', '/health'],
    ...must(200, deployments).items.map(({ id }) => `/deployments/${id}`),
    ...(await operations()).map(({ id }) => `/operations/${id}`),
  ];
  const texts = await Promise.all(paths.map(async path => (await tenant_admin.get(path)).text));
  return [deployments.text, ...texts, ...answers].join('\n');
}

async function operations(): Promise<Operation[]> {
  return must(200, await system.open.people.tenant_admin.get<{ items: Operation[] }>('/operations')).items;
}

/** The part of a key that must stay with its owner: rtai_<installation>_<key id>_<secret>_<checksum>. */
function secretOf(key: string): string {
  const secret = key.split('_')[3];
  if (!secret) throw new Error('a key without a secret');
  return secret;
}
