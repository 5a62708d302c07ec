import { afterAll, beforeAll, expect, test } from 'vitest';
import { withClient } from '../test/postgres.ts';
import { keyOf, RecordedDeploys } from '../test/recorded-deploys.ts';
import { firstDeploy, nextDeploy, type TwoTenants, twoTenants } from '../test/tenants.ts';
import { readWaiting } from './waiting.ts';

let two: TwoTenants;
let deploys: RecordedDeploys;
beforeAll(async () => {
  two = await twoTenants();
  deploys = new RecordedDeploys(two);
});
afterAll(() => two.close());

test('what waits for a person is counted over all tenants, with the age of the oldest', async () => {
  expect(await readWaiting(two.db.global)).toEqual([]);
  const asking = nextDeploy(await deploys.installed());
  await deploys.awaiting(asking);
  const stuck = firstDeploy({ tenantId: 'globex', name: 'stuck' });
  await deploys.admitted(stuck);
  await deploys.records.recordStage({
    ...keyOf(stuck, 1),
    stage: 'needs_attention',
    message: 'the way back failed',
  });

  const waiting = await readWaiting(two.db.global);
  expect(waiting.toSorted((one, other) => one.stage.localeCompare(other.stage))).toEqual([
    { stage: 'awaiting_approval', waiting: 1, oldestSeconds: expect.closeTo(0, -2) },
    { stage: 'needs_attention', waiting: 1, oldestSeconds: expect.closeTo(0, -2) },
  ]);

  await deploys.ended(asking, { outcome: 'expired', leaves: 'previous', verified: false });
  expect(await readWaiting(two.db.global)).toEqual([expect.objectContaining({ stage: 'needs_attention' })]);
});

test('the application role still sees no waiting operation without a tenant', async () => {
  await withClient(two.database.appUrl, async client => {
    expect((await client.query('select * from operations')).rows).toEqual([]);
  });
});
