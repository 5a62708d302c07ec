import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withClient } from '../test/postgres.ts';
import { type TwoTenants, twoTenants } from '../test/tenants.ts';
import { readHoldings } from './holdings.ts';

let two: TwoTenants;
beforeAll(async () => {
  two = await twoTenants();
  await two.db.inTenant('acme', async db => {
    await sql`insert into projects (name, quota) values ('default', '{}') on conflict do nothing`.execute(db);
    await sql`
      insert into runtimes (id, name, project, environment, labels, spec, phase, operation_id)
      values ('rt_1', 'agent', 'default', 'production', '{}', '{"agent":{}}', 'deployed', 'op_1')`.execute(
      db,
    );
  });
});
afterAll(() => two.close());

test.each([
  ['no rule', [{ kind: 'allow_action', selector: {} }], 0],
  ['a rule with another condition', [{ kind: 'deny_action', when: 'desired.replicas > 3' }], 0],
  ['a rule that only tells of costs', [{ kind: 'deny_action', reason: 'too high a cost' }], 0],
  ['a budget', [{ kind: 'allow_action' }, { kind: 'budget_guardrail', params: { monthly: 1 } }], 1],
  ['a condition on costs', [{ kind: 'allow_action' }, { kind: 'deny_action', when: 'cost.after > 9' }], 1],
])('what others hold is read where a policy looks at it: %s', async (_, rules, read) => {
  await withClient(two.database.superuserUrl, client =>
    client.query(`update policies set rules = $1::jsonb where tenant_id = 'acme'`, [JSON.stringify(rules)]),
  );
  expect(await readHoldings(two.db.forTenant('acme'), 'rt_other')).toHaveLength(read);
});
