import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTenant, setPolicies } from '../db/tenants.ts';
import type { NewPolicy } from '../domain/policy.ts';
import { RecordedDeploys } from '../test/recorded-deploys.ts';
import { firstDeploy, type TwoTenants, twoTenants } from '../test/tenants.ts';

let two: TwoTenants;
let deploys: RecordedDeploys;
beforeAll(async () => {
  two = await twoTenants();
  deploys = new RecordedDeploys(two);
  await createTenant(two.owner, { tenantId: 'acme-labs', parent: 'acme', policies: [OPEN] });
});
afterAll(() => two.close());

const OPEN: NewPolicy = { name: 'open', rules: [{ kind: 'allow_action', selector: {} }] };
const below = (name: string) => firstDeploy({ tenantId: 'acme-labs', name });

describe('a policy of the tenant above', () => {
  test('that denies cannot be undone below', async () => {
    await above({
      name: 'frozen',
      rules: [
        { kind: 'deny_action', selector: { environment: 'production' }, reason: 'freeze of the group' },
      ],
    });
    expect(await deploys.refused(below('frozen'))).toMatchObject({
      code: 'policy_denied',
      reason: expect.stringContaining('freeze of the group'),
    });
  });

  test('about another tenant below does not hold here', async () => {
    await above({ name: 'others', rules: [{ kind: 'deny_action', selector: { tenant: 'acme-shops' } }] });
    expect(await deploys.admitted(below('not-meant'))).toMatchObject({ policy: { answer: 'allow' } });
  });

  test('that only allows opens nothing below', async () => {
    await above(OPEN);
    await setPolicies(two.owner, {
      tenantId: 'acme-labs',
      policies: [{ name: 'own', rules: [{ kind: 'deny_action', selector: {} }] }],
    });
    expect(await deploys.refused(below('closed'))).toMatchObject({ code: 'policy_denied' });
    await setPolicies(two.owner, { tenantId: 'acme-labs', policies: [OPEN] });
  });

  test('is not the policy of a tenant beside it', async () => {
    await above({ name: 'frozen', rules: [{ kind: 'deny_action', selector: {} }] });
    expect(await deploys.admitted(firstDeploy({ tenantId: 'globex' }))).toMatchObject({ admitted: true });
  });
});

async function above(policy: NewPolicy): Promise<void> {
  await setPolicies(two.owner, { tenantId: 'acme', policies: [policy] });
}
