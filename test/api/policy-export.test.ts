import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PolicyCalls } from './policy-calls.ts';
import { startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture, type TestTenant } from './tenants.ts';

let tenants: TenantsFixture;
let server: TestServer;
let api: PolicyCalls;

beforeAll(async () => {
  tenants = await openTenants();
  server = await startServer(tenants);
  api = new PolicyCalls(tenants, server);
});

afterAll(async () => {
  await server.close();
  await tenants.close();
});

const read = (query: string, tenant: TestTenant = 'acme') =>
  server.call({ path: `/v1/policies/export${query}`, key: tenants.keyOf(tenant, 'analyst') });

describe('the export for the cluster', () => {
  test('has what the API server can see, and says of the rest why not', async () => {
    const rules = [
      { kind: 'deny_action', selector: { action: 'deploy.*' }, reason: 'holidays' },
      { kind: 'deny_action', when: 'requester.kind == "agent"' },
    ];
    await api.during({ name: 'freeze', scope_env: 'production', rules }, async () => {
      const { status, body } = await read('');
      expect(status).toBe(200);
      const kinds = body.manifests.map(({ kind }: { kind: string }) => kind);
      expect(kinds).toEqual(
        Array(2).fill(['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding']).flat(),
      );
      expect(body.manifests[0].spec.validations[0].message).toContain('rule 1 of policy "freeze"');
      expect(body.left_out).toContainEqual(
        expect.objectContaining({
          policy: 'freeze',
          rule: 2,
          why: expect.stringContaining('requester.kind'),
        }),
      );
      expect(body.left_out).toContainEqual(expect.objectContaining({ policy: 'sample', rule: 2 }));
      expect((await read('', 'globex')).body.manifests).toEqual([]);
    });
  });

  test('has but one format, and lets RuntimeAI through where it is named', async () => {
    expect((await read('?format=rego')).status).toBe(400);
    await api.during({ name: 'nothing', rules: [{ kind: 'deny_action' }] }, async () => {
      const { body } = await read('?format=validating-admission-policy&except_user=runtimeai');
      expect(JSON.stringify(body.manifests[0].spec.matchConditions)).toContain(
        'request.userInfo.username != \\"runtimeai\\"',
      );
    });
  });
});
