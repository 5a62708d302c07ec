import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTenants, type TenantsFixture } from '../test/api/tenants.ts';
import { type CheckedKind, findRuntimeKind, listRuntimeKinds, saveRuntimeKinds } from './runtime-kinds.ts';

const vm: CheckedKind = {
  name: 'vm',
  type: 'vm',
  backend: 'vm_backend',
  capabilities: ['start', 'stop'],
  podSecurity: 'privileged',
  missing: [{ what: 'KubeVirt', install: 'https://kubevirt.io' }],
};
const sandbox: CheckedKind = { ...vm, name: 'sandbox', type: 'sandbox', backend: 'k8s_backend', missing: [] };
const another: CheckedKind = { ...sandbox, name: 'another', backend: 'custom', podSecurity: 'restricted' };

let two: TenantsFixture;

beforeAll(async () => {
  two = await openTenants();
});

afterAll(() => two.close());

describe('the kinds of runtimes', () => {
  it('are those that were written down last, in the order of registration', async () => {
    await saveRuntimeKinds(two.database.global, [vm, sandbox, another]);
    const kinds = await listRuntimeKinds(two.database.global);
    expect(kinds.map(({ name }) => name)).toEqual(['vm', 'sandbox', 'another']);
    expect(kinds[0]).toMatchObject({
      type: 'vm',
      backend: 'vm_backend',
      capabilities: ['start', 'stop'],
      available: false,
      missing: vm.missing,
      sizes: { small: { cpu: 1, memory: '2048Mi', replicas: 1 } },
    });
    expect(Date.parse(kinds[0]?.checked_at ?? '')).toBeGreaterThan(Date.now() - 60_000);
  });

  it('follow what is found out later, and forget what is registered no more', async () => {
    await saveRuntimeKinds(two.database.global, [{ ...vm, missing: [] }, another]);
    const kinds = await listRuntimeKinds(two.database.global);
    expect(kinds.map(({ name, available }) => [name, available])).toEqual([
      ['vm', true],
      ['another', true],
    ]);
  });

  it('are found by name, and by type as the first that was registered for it', async () => {
    const { global } = two.database;
    await saveRuntimeKinds(global, [sandbox, another]);
    expect(await findRuntimeKind(global, { name: 'another' })).toMatchObject({ default: false });
    expect(await findRuntimeKind(global, { type: 'sandbox' })).toMatchObject({
      name: 'sandbox',
      default: true,
    });
    expect(await findRuntimeKind(global, { type: 'vm' })).toBeUndefined();
    expect(await findRuntimeKind(two.database.forTenant('acme'), { name: 'sandbox' })).toBeDefined();
  });
});
