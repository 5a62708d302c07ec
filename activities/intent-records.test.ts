import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { beat } from '../db/health.ts';
import { findIntent } from '../db/intents.ts';
import { listSnapshots } from '../db/snapshots.ts';
import { setPolicies } from '../db/tenants.ts';
import { newId } from '../domain/ids.ts';
import { type ChangeAsked, RecordedChanges } from '../test/recorded-changes.ts';
import { type TwoTenants, twoTenants } from '../test/tenants.ts';
import { createClearanceActivities } from './clearance.ts';

let two: TwoTenants;
let changes: RecordedChanges;
beforeAll(async () => {
  two = await twoTenants();
  changes = await RecordedChanges.of(two);
  await beat(two.db, 0);
});
afterAll(() => two.close());

const intentOn = ({ runtimeId }: ChangeAsked, goal: string, { dryRun = false } = {}) =>
  changes.asked([], {
    runtimeId,
    kind: 'intent',
    intent: { id: newId('intent'), request: { goal, policy_mode: 'safe_first', dry_run: dryRun } },
  });

describe('an intent', () => {
  test('is planned when it is admitted, and kept with its plan and the verdicts', async () => {
    const first = await changes.running();
    const asked = intentOn(first, 'scale to large');
    const { steps, intent } = await changes.admitted(asked);
    expect(steps).toMatchObject([
      { action: { type: 'scale' }, change: { verb: 'scale' }, desired: { spec: { size: 'large' } } },
    ]);
    expect(intent).toMatchObject({ dryRun: false, cannot: [], soakSeconds: 5 });
    const kept = await findIntent(changes.sql, {
      runtimeId: first.runtimeId,
      intentId: asked.intent?.id ?? '',
    });
    expect(kept).toMatchObject({
      plan: { actions: [{ type: 'scale' }], hash: expect.any(String) },
      verdicts: [{ action: 'lifecycle.scale', answer: 'allow' }],
    });
  });

  test('that is only tried out takes no snapshot, and asks nobody for approval', async () => {
    const first = await changes.running();
    const asked = intentOn(first, 'snapshot', { dryRun: true });
    expect(await changes.admitted(asked)).toMatchObject({
      steps: [{ change: { verb: 'snapshot' } }],
      intent: { dryRun: true },
    });
    const { items } = await listSnapshots(changes.sql, { runtimeId: first.runtimeId, pageSize: 10 });
    expect(items).toEqual([]);
  });

  test('whose goal alone needs consent does not act without it, not even at its last step', async () => {
    const first = await changes.running();
    const wanted = { kind: 'require_approval', selector: { action: 'intent.plan' } } as const;
    const rules = [{ ...wanted, params: { quorum: 1, expires_in_seconds: 60 } }];
    const open = [{ name: 'open', rules: [{ kind: 'allow_action', selector: {} } as const] }];
    await setPolicies(two.owner, { tenantId: 'globex', policies: [{ name: 'goals', rules }] });
    try {
      const asked = intentOn(first, 'scale to large');
      const { target, policy, steps } = await changes.admitted(asked);
      expect(policy).toMatchObject({ answer: 'require_approval' });
      const { tenantId, runtimeId, operationId, requester } = asked;
      const act = { tenantId, runtimeId, operationId, requester, target, step: 1, message: 'scaling' };
      const clearance = createClearanceActivities({ db: two.db });
      const last = { ...act, stage: 'applying', index: steps.length - 1 } as const;
      expect(await clearance.clear(last)).toMatchObject({ cleared: false, why: 'consent_needed' });
    } finally {
      await setPolicies(two.owner, { tenantId: 'globex', policies: open });
    }
  });

  test('on a runtime that is deleted is refused', async () => {
    const first = await changes.running();
    const deletion = changes.asked([{ verb: 'delete' }], { runtimeId: first.runtimeId, kind: 'delete' });
    await changes.done(deletion, await changes.admitted(deletion));
    expect(await changes.refused(intentOn(first, 'scale to large'))).toMatchObject({
      code: 'runtime_deleted',
    });
  });

  test('counts nothing as seen when the observer has been silent for too long', async () => {
    const first = await changes.running();
    const planFor = async () => {
      const asked = intentOn(first, 'restart unhealthy');
      await changes.admitted(asked);
      const { runtimeId, intent } = asked;
      const row = await changes.sql
        .selectFrom('intents')
        .select('before')
        .where('id', '=', intent?.id ?? '')
        .where('runtime_id', '=', runtimeId)
        .executeTakeFirst();
      return row?.before?.status;
    };
    expect(await planFor()).toBe('healthy');
    await beat(two.db, 60);
    expect(await planFor()).toBe('unknown');
    await beat(two.db, 0);
  });

  test('that cannot be planned is admitted with what it lacks', async () => {
    const first = await changes.running();
    const { steps, intent } = await changes.admitted(intentOn(first, 'fly to the moon'));
    expect(steps).toEqual([]);
    expect(intent?.cannot.length).toBeGreaterThan(0);
  });
});
