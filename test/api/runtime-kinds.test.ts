import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RuntimeAdapter } from '../../adapters/adapter.ts';
import { loadAdapters } from '../../adapters/load.ts';
import { createAdapterTools } from '../../adapters/tools.ts';
import { saveRuntimeKinds } from '../../db/runtime-kinds.ts';
import { readConfig } from '../../process/config.ts';
import { type KindChecks, startKindChecks } from '../../workers/runtime-kinds.ts';
import { noReleases } from '../adapters/fake-tools.ts';
import { fakeAdapter } from '../fakes/adapter.ts';
import { createBareCluster } from '../fakes/bare-cluster.ts';
import { recordDeploys } from './recorded.ts';
import { startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture } from './tenants.ts';

let tenants: TenantsFixture;
let server: TestServer;
let checks: KindChecks | undefined;
const said: string[] = [];

beforeAll(async () => {
  tenants = await openTenants();
  server = await startServer(tenants);
});

afterAll(async () => {
  await checks?.stop();
  await server.close();
  await tenants.close();
});

const kinds = async () =>
  (await server.call({ path: '/v1/runtime-kinds', key: tenants.keyOf('acme', 'viewer') })).body.items;

async function check(adapters: readonly RuntimeAdapter[]): Promise<void> {
  await checks?.stop();
  const tell = (_: object, message: string) => void said.push(message);
  checks = startKindChecks({
    adapters,
    database: tenants.database,
    log: { info: tell, warn: tell },
    everySeconds: 0.05,
    answerWithinSeconds: 0.2,
  });
}

test('before any worker has looked there are no kinds, and a runtime is still readable', async () => {
  expect(await kinds()).toEqual([]);
  expect((await server.call({ path: '/v1/health' })).body.runtime_kinds).toEqual([]);
  const { runtimeId } = await recordDeploys(tenants.database, 'acme');
  const { body } = await server.call({
    path: `/v1/runtimes/${runtimeId}`,
    key: tenants.keyOf('acme', 'viewer'),
  });
  expect(body).toMatchObject({
    capabilities: ['deploy', 'rollback'],
    backend: { kind: 'k8s_backend', ref: 'rtai-acme--default/support-agent' },
    endpoints: [expect.stringContaining('support-agent.rtai-acme--default.svc')],
  });
});

test('a runtime has the capabilities of its adapter', async () => {
  await saveRuntimeKinds(tenants.database.global, [
    {
      name: 'agent-runtime',
      type: 'agent_runtime',
      backend: 'custom',
      capabilities: ['deploy', 'scale'],
      podSecurity: 'restricted',
      missing: [],
    },
  ]);
  const { runtimeId } = await recordDeploys(tenants.database, 'acme', { name: 'another' });
  const path = `/v1/runtimes/${runtimeId}`;
  const { body } = await server.call({ path, key: tenants.keyOf('acme', 'viewer') });
  expect(body).toMatchObject({ capabilities: ['deploy', 'scale'], backend: { kind: 'custom' } });
});

test('an adapter named in RUNTIMEAI_ADAPTERS shows up with what it can', async () => {
  const module = fileURLToPath(new URL('../adapters/sample-adapter/index.ts', import.meta.url));
  const settings = readConfig({
    RUNTIMEAI_DATABASE_URL: 'postgres://x/x',
    RUNTIMEAI_ADAPTERS: ` ${module}, `,
    RUNTIMEAI_ADAPTER_SETTINGS: JSON.stringify({ [module]: { image: 'example.com/sandbox:1' } }),
  });
  const adapters = await loadAdapters({
    modules: settings.RUNTIMEAI_ADAPTERS,
    tools: createAdapterTools({
      kubernetes: createBareCluster(),
      releases: noReleases,
      log: { info: () => undefined, warn: () => undefined },
    }),
    settings: settings.RUNTIMEAI_ADAPTER_SETTINGS ?? {},
  });
  await check(adapters);
  await expect
    .poll(async () => (await kinds()).map(({ name }: { name: string }) => name))
    .toEqual(['sample']);
  expect((await kinds())[0]).toMatchObject({
    name: 'sample',
    type: 'sandbox',
    backend: 'custom',
    default: true,
    capabilities: ['start', 'stop', 'restart', 'scale', 'snapshot', 'restore'],
    available: true,
    missing: [],
    sizes: { medium: { cpu: 0.5, memory: '512Mi', replicas: 1 } },
  });
});

test('what a kind misses is said with the way to install it, publicly only that it is unavailable', async () => {
  const missing = [{ what: 'KubeVirt', install: 'kubectl apply -f kubevirt.yaml' }];
  const vm = fakeAdapter({ name: 'vm', type: 'vm', prerequisites: async () => ({ missing }) });
  await check([vm, fakeAdapter()]);
  await expect
    .poll(async () => (await kinds()).map(({ name }: { name: string }) => name))
    .toEqual(['vm', 'fake']);
  expect((await kinds())[0]).toMatchObject({ available: false, missing });
  await expect
    .poll(async () => (await server.call({ path: '/v1/health' })).body.runtime_kinds)
    .toEqual([
      { type: 'vm', available: false },
      { type: 'sandbox', available: true },
    ]);
  expect(said).toContain(
    'vm runtimes cannot be made by vm; missing: KubeVirt (kubectl apply -f kubevirt.yaml)',
  );
});

test('a check that throws or hangs makes its own kind unavailable, and recovers by itself', async () => {
  let away = true;
  const flaky = fakeAdapter({
    name: 'flaky',
    prerequisites: async () => {
      if (away) throw new Error('connection refused');
      return { missing: [] };
    },
  });
  const hanging = fakeAdapter({ name: 'hanging', prerequisites: () => new Promise(() => undefined) });
  await check([flaky, hanging, fakeAdapter()]);
  const available = async () =>
    Object.fromEntries(
      (await kinds()).map((kind: { name: string; available: boolean }) => [kind.name, kind.available]),
    );
  await expect.poll(available).toEqual({ flaky: false, hanging: false, fake: true });
  const [first, second] = await kinds();
  expect(first.missing[0].what).toContain('connection refused');
  expect(second.missing[0].what).toContain('no answer within 0.2 s');
  away = false;
  await expect.poll(available).toEqual({ flaky: true, hanging: false, fake: true });
});
