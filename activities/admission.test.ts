import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findDeployment } from '../db/deployments.ts';
import { findOperation } from '../db/operations.ts';
import { setProjectQuota } from '../db/projects.ts';
import { listRuntimes } from '../db/runtimes.ts';
import { setPolicies } from '../db/tenants.ts';
import type { DeployRuntimeInput } from '../domain/deployment.ts';
import { newId } from '../domain/ids.ts';
import { withClient } from '../test/postgres.ts';
import { QUOTA, RecordedDeploys } from '../test/recorded-deploys.ts';
import { firstDeploy, nextDeploy, type TwoTenants, twoTenants } from '../test/tenants.ts';
import { createRecordActivities } from './records.ts';

let two: TwoTenants;
let deploys: RecordedDeploys;
beforeAll(async () => {
  two = await twoTenants();
  deploys = new RecordedDeploys(two);
});
afterAll(() => two.close());

const acme = () => two.db.forTenant('acme');

describe('admitDeployment', () => {
  test('writes runtime, deployment, operation and first event of a deploy that is allowed', async () => {
    const deploy = firstDeploy({ name: 'allowed' });
    const answer = await deploys.admitted(deploy);
    expect(answer).toMatchObject({
      target: { namespace: 'rtai-acme--default', release: 'allowed', runtimeId: deploy.runtimeId },
      quota: QUOTA,
      policy: { answer: 'allow', policy: 'sample' },
      knownRevision: 0,
    });
    expect(answer).not.toHaveProperty('approval');
    expect(await deploys.runtimeOf(deploy)).toMatchObject({
      name: 'allowed',
      state: 'creating',
      endpoints: [],
      spec: { agent: deploy.agent },
      labels: { team: 'support' },
      operation_id: deploy.operationId,
    });
    expect(await findDeployment(acme(), deploy.deploymentId)).toMatchObject({
      stage: 'preparing',
      outcome: null,
      requested_by: 'Ada',
      plan: null,
      policy: { answer: 'allow' },
    });
    expect(await findOperation(acme(), deploy.operationId)).toMatchObject({
      status: 'running',
      stage: 'preparing',
      runtime_id: deploy.runtimeId,
      approval_id: null,
      progress: { percent: 15 },
      workflow: { workflow_id: deploy.workflowId, run_id: 'run-1', url: null },
    });
    expect(await deploys.eventsOf(deploy)).toMatchObject([
      { sequence: 1, type: 'deploy.preparing', actor: 'human', principal: deploy.requester.id },
    ]);
  });

  test('gives the same answer again and writes nothing more when it is repeated', async () => {
    const deploy = nextDeploy(await deploys.installed());
    const first = await deploys.records.admitDeployment(deploy);
    expect(first).toMatchObject({ admitted: true, policy: { answer: 'require_approval' } });
    expect(await deploys.records.admitDeployment(deploy)).toEqual(first);
    expect(await deploys.eventsOf(deploy)).toHaveLength(3);
  });

  test('gives the same answer to two repeats at the same moment', async () => {
    const deploy = firstDeploy({ name: 'twice-at-once' });
    const [one, other] = await Promise.all([
      deploys.records.admitDeployment(deploy),
      deploys.records.admitDeployment(deploy),
    ]);
    expect(one).toEqual(other);
    expect(await deploys.eventsOf(deploy)).toHaveLength(1);
  });

  test('says whose consent is wanted where policy asks for one', async () => {
    const first = await deploys.installed();
    const upgrade = nextDeploy(first);
    expect(await deploys.admitted(upgrade)).toMatchObject({
      policy: {
        answer: 'require_approval',
        demands: [{ quorum: 1 }],
        expires_in_seconds: 86_400,
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
      verified: { revision: 1, operationId: first.operationId, deploymentId: first.deploymentId },
      knownRevision: 1,
    });
    expect(await findOperation(acme(), upgrade.operationId)).toMatchObject({
      stage: 'preparing',
      approval_id: null,
    });
  });

  test('records a rejected operation, and no runtime, when policy denies a new one', async () => {
    const tenantId = await tenantWith([
      { name: 'freeze', rules: [{ kind: 'deny_action', selector: {}, reason: 'freeze' }] },
    ]);
    const deploy = firstDeploy({ tenantId });
    const answer = await deploys.refused(deploy);
    expect(answer).toMatchObject({ code: 'policy_denied', reason: expect.stringContaining('freeze') });
    const db = two.db.forTenant(tenantId);
    expect(await findOperation(db, deploy.operationId)).toMatchObject({
      status: 'failed',
      outcome: 'rejected',
      runtime_id: null,
      deployment_id: null,
      error: { code: 'policy_denied', message: answer.reason },
      finished_at: expect.any(String),
    });
    expect(await listRuntimes(db, { maxAgeSeconds: 15, pageSize: 10 })).toEqual({
      items: [],
      nextPageToken: null,
    });
    expect(await deploys.refused(deploy)).toEqual(answer);
  });

  test('tells the runtime’s history that policy denied its deploy', async () => {
    const deploy = await deploys.installed();
    await policiesOfAcme([{ name: 'freeze', rules: [{ kind: 'deny_action', selector: {} }] }], async () => {
      const upgrade = nextDeploy(deploy);
      expect(await deploys.refused(upgrade)).toMatchObject({ code: 'policy_denied' });
      expect((await deploys.eventsOf(upgrade)).at(-1)).toMatchObject({
        type: 'deploy.rejected',
        operation_id: upgrade.operationId,
      });
      expect(await deploys.runtimeOf(deploy)).toMatchObject({ operation_id: deploy.operationId });
    });
  });

  test('denies everything in a tenant without policies', async () => {
    const tenantId = await tenantWith([]);
    expect(await deploys.refused(firstDeploy({ tenantId }))).toMatchObject({
      code: 'policy_denied',
      reason: expect.stringContaining('has no policy'),
    });
  });

  test('refuses a name that is taken in the project, and leaves nothing behind', async () => {
    const first = await deploys.installed();
    const { name } = await deploys.runtimeOf(first);
    const second = firstDeploy({ name });
    expect(await deploys.refused(second)).toMatchObject({
      code: 'name_taken',
      reason: expect.stringContaining(first.runtimeId),
    });
    expect(await findOperation(acme(), second.operationId)).toBeUndefined();
    expect((await deploys.records.admitDeployment(firstDeploy({ name, project: 'other' }))).admitted).toBe(
      true,
    );
    expect((await deploys.records.admitDeployment(firstDeploy({ name, tenantId: 'globex' }))).admitted).toBe(
      true,
    );
  });

  test('lets one of two through that ask for the same name at once', async () => {
    const answers = await Promise.all(
      [1, 2].map(() => deploys.records.admitDeployment(firstDeploy({ name: 'raced' }))),
    );
    expect(answers.map(answer => (answer.admitted ? 'admitted' : answer.code)).sort()).toEqual([
      'admitted',
      'name_taken',
    ]);
  });

  test('refuses a runtime that does not exist, or belongs to another tenant, in the same words', async () => {
    const foreign = await deploys.installed();
    const nowhere = nextDeploy(firstDeploy(), { tenantId: 'globex' });
    const absent = await deploys.refused(nowhere);
    const hidden = await deploys.refused(nextDeploy(foreign, { tenantId: 'globex' }));
    expect(absent.code).toBe('runtime_not_found');
    expect(hidden.reason.replace(foreign.runtimeId, nowhere.runtimeId)).toBe(absent.reason);
  });

  test('refuses a runtime on hold until the hold is lifted', async () => {
    const deploy = await deploys.installed();
    const bad = nextDeploy(deploy);
    await deploys.admitted(bad);
    await deploys.ended(bad, {
      outcome: 'rolled_back',
      leaves: 'previous',
      revision: 2,
      restoredRevision: 3,
      verified: false,
      hold: 'it was rolled back',
    });
    expect(await deploys.refused(nextDeploy(deploy))).toMatchObject({
      code: 'runtime_on_hold',
      reason: expect.stringContaining('it was rolled back'),
    });
    const lifted = nextDeploy(deploy, { liftHold: true });
    await deploys.admitted(lifted);
    expect((await deploys.runtimeOf(deploy)).hold).not.toBeNull();
    await deploys.ended(lifted, { revision: 4 });
    expect((await deploys.runtimeOf(deploy)).hold).toBeNull();
  });

  test('refuses every deploy while governance settings are missing', async () => {
    const bare = createRecordActivities({ db: two.db, governance: undefined, defaultQuota: QUOTA });
    expect(await deploys.refused(firstDeploy({ name: 'ungoverned' }), bare)).toMatchObject({
      code: 'governance_settings_missing',
    });
  });

  describe('with a quota', () => {
    const agent = (replicas: number): DeployRuntimeInput['agent'] => ({ ...firstDeploy().agent, replicas });
    const small = (project: string, name: string, replicas: number) =>
      firstDeploy({ project, name, agent: agent(replicas) });
    const give = (name: string) =>
      two.owner.inTenant('acme', db => setProjectQuota(db, { name, quota: { ...QUOTA, pods: 5 } }));

    test('counts what is deployed and what is under way', async () => {
      await give('counted');
      await deploys.installed({ project: 'counted', name: 'done', agent: agent(2) });
      await deploys.admitted(small('counted', 'under-way', 2));
      expect(await deploys.refused(small('counted', 'too-many', 2))).toMatchObject({
        code: 'quota_exceeded',
        reason: expect.stringMatching(
          /2 pods asked for, 1 left \(quota 5, other runtimes hold 4\).*npm run admin -- project quota --tenant acme --project counted/,
        ),
      });
      await deploys.admitted(small('counted', 'fits', 1));
    });

    test('counts an upgrade instead of what it replaces, and the larger of both until it ends', async () => {
      await give('upgraded');
      const deploy = await deploys.installed({ project: 'upgraded', name: 'grows', agent: agent(2) });
      const upgrade = nextDeploy(deploy, { agent: agent(5) });
      await deploys.admitted(upgrade);
      expect(await deploys.refused(small('upgraded', 'beside', 1))).toMatchObject({ code: 'quota_exceeded' });
      await deploys.ended(upgrade, {
        outcome: 'rolled_back',
        leaves: 'previous',
        revision: 2,
        restoredRevision: 3,
        verified: false,
      });
      await deploys.admitted(small('upgraded', 'beside', 3));
    });

    test('gives back what a failed first install held', async () => {
      await give('failed');
      const deploy = small('failed', 'breaks', 5);
      await deploys.admitted(deploy);
      expect(await deploys.refused(small('failed', 'next', 1))).toMatchObject({ code: 'quota_exceeded' });
      await deploys.ended(deploy, { outcome: 'failed', leaves: 'nothing', verified: false });
      await deploys.admitted(small('failed', 'next', 5));
    });

    test('lets one of two through that fit alone but not together', async () => {
      await give('raced');
      const answers = await Promise.all(
        ['a', 'b', 'c', 'd'].map(name => deploys.records.admitDeployment(small('raced', name, 3))),
      );
      expect(answers.filter(answer => answer.admitted)).toHaveLength(1);
    });
  });
});

async function tenantWith(policies: Parameters<typeof setPolicies>[1]['policies']): Promise<string> {
  const tenantId = `t${newId('event').slice(-12)}`;
  await two.owner.inTenant(tenantId, db => db.insertInto('tenants').defaultValues().execute());
  await setPolicies(two.owner, { tenantId, policies });
  return tenantId;
}

async function policiesOfAcme(
  policies: Parameters<typeof setPolicies>[1]['policies'],
  work: () => Promise<void>,
): Promise<void> {
  const { rows } = await withClient(two.database.superuserUrl, client =>
    client.query(`select name, rules from policies where tenant_id = 'acme' order by position`),
  );
  await setPolicies(two.owner, { tenantId: 'acme', policies });
  try {
    await work();
  } finally {
    await setPolicies(two.owner, { tenantId: 'acme', policies: rows });
  }
}
