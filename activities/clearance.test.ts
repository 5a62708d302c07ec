import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findApproval } from '../db/approvals.ts';
import { findOperation } from '../db/operations.ts';
import { ensurePrincipal } from '../db/principals.ts';
import { setPolicies } from '../db/tenants.ts';
import type { AuditRecord } from '../domain/audit.ts';
import { newId } from '../domain/ids.ts';
import type { NewPolicy } from '../domain/policy.ts';
import { type Deploy, keyOf, RecordedDeploys } from '../test/recorded-deploys.ts';
import { nextDeploy, type TwoTenants, twoTenants } from '../test/tenants.ts';
import type { OpenedApproval } from './clearance.ts';

let two: TwoTenants;
let deploys: RecordedDeploys;
beforeAll(async () => {
  two = await twoTenants();
  deploys = new RecordedDeploys(two);
});
afterAll(() => two.close());

const acme = () => two.db.forTenant('acme');

describe('an approval', () => {
  test('shows what will change, where, at which cost, and who must agree', async () => {
    const deploy = await upgradeOf();
    const { id, digest } = await deploys.awaiting(deploy);
    const approval = await findApproval(acme(), id);
    expect(approval).toMatchObject({
      status: 'open',
      digest,
      demands: [{ quorum: 1 }],
      requested_by: 'Ada',
      card: {
        title: expect.stringContaining(deploy.agent.image),
        target: { project: 'default', environment: 'production' },
        risk: { level: 'medium', reasons: expect.arrayContaining(['it is production']) },
        cost: { unit: 'relative units' },
      },
    });
    expect(await findOperation(acme(), deploy.operationId)).toMatchObject({
      stage: 'awaiting_approval',
      approval_id: id,
      waits_for: expect.stringMatching(/^the approval of one person.* other than Ada \(apr_/),
    });
  });

  test('that is asked for again leaves a record that names the one it takes the place of', async () => {
    const deploy = await upgradeOf();
    const first = await deploys.awaiting(deploy);
    const { target, policy } = await deploys.admitted(deploy);
    const again = { target, policy, message: 'asked again', requester: deploy.requester };
    const { id, digest } = await deploys.clearance.openApproval({
      ...keyOf(deploy, 2),
      ...again,
      supersedes: first.id,
    });
    const { rows } = await sql<{ record: AuditRecord }>`
      select record from audit_records where record ->> 'operation_id' = ${deploy.operationId}
        and record ->> 'action' = 'approval.open' order by id`.execute(acme());
    expect(rows.map(({ record }) => [record.object.id, record.details, record.project])).toEqual([
      [first.id, { digest: first.digest, supersedes: null }, 'default'],
      [id, { digest, supersedes: first.id }, 'default'],
    ]);
  });

  test('is opened once, however often its answer is lost', async () => {
    const deploy = await upgradeOf();
    expect(await deploys.awaiting(deploy)).toEqual(await deploys.awaiting(deploy));
  });
});

describe('an operation right before it acts', () => {
  test('is cleared when enough have agreed to exactly this, and enters the stage', async () => {
    const deploy = await upgradeOf();
    await approvedBy(deploy, await deploys.awaiting(deploy), await person('Grace'));
    expect(await clear(deploy, 3)).toEqual({ cleared: true });
    expect(await findOperation(acme(), deploy.operationId)).toMatchObject({ stage: 'applying' });
    expect(await clear(deploy, 3)).toEqual({ cleared: true });
  });

  test('needs consent that was not given yet', async () => {
    const deploy = await upgradeOf();
    const { id } = await deploys.awaiting(deploy);
    expect(await clear(deploy, 3)).toMatchObject({ cleared: false, why: 'consent_needed', supersedes: id });
  });

  test('is denied when a policy says no by now, and what it said is kept', async () => {
    const deploy = await upgradeOf();
    await approvedBy(deploy, await deploys.awaiting(deploy), await person('Grace'));
    await underPolicies([{ name: 'freeze', rules: [{ kind: 'deny_action', selector: {} }] }], async () => {
      expect(await clear(deploy, 3)).toMatchObject({
        cleared: false,
        why: 'denied',
        verdict: { policy: 'freeze' },
      });
    });
    const kept = await acme()
      .selectFrom('policy_decisions')
      .select(['moment', 'digest'])
      .where('operation_id', '=', deploy.operationId)
      .orderBy('decided_at')
      .execute();
    expect(kept.map(({ moment }) => moment)).toEqual(['admission', 'clearance']);
    expect(kept[0]?.digest).not.toBe(kept[1]?.digest);
  });

  test('is asked about again when the policies have changed since people agreed', async () => {
    const deploy = await upgradeOf();
    const first = await deploys.awaiting(deploy);
    await approvedBy(deploy, first, await person('Grace'));
    await underPolicies(GUARDED, async () => {
      expect(await clear(deploy, 3)).toMatchObject({
        cleared: false,
        why: 'consent_needed',
        supersedes: first.id,
        difference: expect.stringContaining('policies'),
      });
    });
  });

  test('is asked about again when the plan is another one, and says which objects differ', async () => {
    const deploy = await upgradeOf();
    const first = await deploys.awaiting(deploy);
    await approvedBy(deploy, first, await person('Grace'));
    await planned(deploy, [{ kind: 'Deployment', name: 'agent', change: 'update', diff: '- a\n+ b' }]);
    const clearance = await clear(deploy, 3);
    expect(clearance).toMatchObject({ difference: expect.stringContaining('Deployment agent') });
    if (clearance.cleared || clearance.why !== 'consent_needed')
      throw new Error('It was not asked about again.');
    const { target, policy } = await deploys.admitted(deploy);
    const { difference = '' } = clearance;
    const again = await deploys.clearance.openApproval({
      ...keyOf(deploy, 4),
      ...{
        target,
        policy,
        difference,
        message: difference,
        requester: deploy.requester,
        supersedes: first.id,
      },
    });
    expect(await findApproval(acme(), first.id)).toMatchObject({ status: 'void' });
    expect(await findApproval(acme(), again.id)).toMatchObject({
      status: 'open',
      supersedes: first.id,
      difference,
      decisions: [],
    });
  });

  test.each([
    [
      'a role was taken away',
      (id: string) => acme().deleteFrom('role_grants').where('principal_id', '=', id),
    ],
    [
      'the person was disabled',
      (id: string) => acme().updateTable('principals').set({ disabled_at: new Date() }).where('id', '=', id),
    ],
  ])('does not count an approval after %s', async (_, takeAway) => {
    const deploy = await upgradeOf();
    const grace = await person('Grace');
    await approvedBy(deploy, await deploys.awaiting(deploy), grace);
    await takeAway(grace).execute();
    expect(await clear(deploy, 3)).toMatchObject({
      cleared: false,
      why: 'consent_needed',
      difference: expect.stringContaining('Grace'),
    });
  });

  test('is denied when whoever asked has been disabled since', async () => {
    const deploy = await upgradeOf();
    await approvedBy(deploy, await deploys.awaiting(deploy), await person('Grace'));
    const { id, name } = deploy.requester;
    await two.db.inTenant('acme', db => ensurePrincipal(db, { id, name, kind: 'human', roles: [] }));
    await acme().updateTable('principals').set({ disabled_at: new Date() }).where('id', '=', id).execute();
    expect(await clear(deploy, 3)).toMatchObject({
      cleared: false,
      why: 'denied',
      verdict: { reason: expect.stringContaining('Ada has been disabled') },
    });
  });

  test('does not count an approval that was taken back', async () => {
    const deploy = await upgradeOf();
    const approval = await deploys.awaiting(deploy);
    const grace = await person('Grace');
    await approvedBy(deploy, approval, grace);
    const by = { id: grace, name: 'Grace', kind: 'human' } as const;
    const withdrawal = { ...keyOf(deploy, 3), approvalId: approval.id, by, decidedBy: grace };
    await deploys.people.recordWithdrawal(withdrawal);
    expect(await clear(deploy, 4)).toMatchObject({ cleared: false, why: 'consent_needed' });
    expect((await findApproval(acme(), approval.id))?.decisions).toMatchObject([
      { decided_by: 'Grace', withdrawn_at: expect.any(String) },
    ]);
  });
});

const GUARDED: readonly NewPolicy[] = [
  {
    name: 'guarded',
    rules: [{ kind: 'require_approval', selector: {}, params: { quorum: 1, expires_in_seconds: 60 } }],
  },
];

async function upgradeOf(): Promise<Deploy> {
  return nextDeploy(await deploys.installed());
}

async function person(name: string): Promise<string> {
  const id = newId('principal');
  await two.db.inTenant('acme', db => ensurePrincipal(db, { id, name, kind: 'human', roles: ['operator'] }));
  return id;
}

async function approvedBy(deploy: Deploy, { id }: OpenedApproval, principal: string): Promise<void> {
  await deploys.people.recordDecision({
    ...keyOf(deploy, 2),
    approvalId: id,
    by: { id: principal, name: 'Grace', kind: 'human' },
    decision: 'approve',
    decidedAt: new Date().toISOString(),
  });
}

async function clear(deploy: Deploy, step: number) {
  const answer = await deploys.admitted(deploy);
  return deploys.clearance.clear({
    ...keyOf(deploy, step),
    stage: 'applying',
    message: 'Upgrading',
    index: 0,
    target: answer.target,
    requester: deploy.requester,
  });
}

async function planned({ deploymentId }: Deploy, changes: readonly object[]): Promise<void> {
  const plan = JSON.stringify({
    digest: 'p',
    chart: { name: 'agent-runtime', version: '1.0.0' },
    summary: { create: 0, update: 1, unchanged: 0, remove: 0 },
    changes,
  });
  await acme()
    .insertInto('deployment_details')
    .values({ deployment_id: deploymentId, plan })
    .onConflict(conflict => conflict.columns(['tenant_id', 'deployment_id']).doUpdateSet({ plan }))
    .execute();
}

async function underPolicies(policies: readonly NewPolicy[], work: () => Promise<void>): Promise<void> {
  const before = await acme().selectFrom('policies').select(['name', 'rules']).orderBy('position').execute();
  await setPolicies(two.owner, { tenantId: 'acme', policies });
  try {
    await work();
  } finally {
    await setPolicies(two.owner, { tenantId: 'acme', policies: before });
  }
}
