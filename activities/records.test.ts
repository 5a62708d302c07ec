import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findApproval, listApprovals } from '../db/approvals.ts';
import { findDeployment } from '../db/deployments.ts';
import { listEvents } from '../db/events.ts';
import { findOperation, listOperations } from '../db/operations.ts';
import { setProjectQuota } from '../db/projects.ts';
import { findRuntime, listRuntimes } from '../db/runtimes.ts';
import { setPolicies } from '../db/tenants.ts';
import type { Admission, DeployRuntimeInput } from '../domain/deployment.ts';
import { newId } from '../domain/ids.ts';
import { withClient } from '../test/postgres.ts';
import { firstDeploy, nextDeploy, type TwoTenants, twoTenants } from '../test/tenants.ts';
import { createRecordActivities, type OutcomeRecord, type RecordActivities } from './records.ts';

type Deploy = ReturnType<typeof firstDeploy>;

const defaultQuota = { cpu: 16, memoryMiB: 32_768, pods: 50, storageGiB: 100 };
let two: TwoTenants;
let records: RecordActivities;
beforeAll(async () => {
  two = await twoTenants();
  records = createRecordActivities({ db: two.db, governance: {}, defaultQuota });
});
afterAll(() => two.close());

const acme = () => two.db.forTenant('acme');
const key = ({ tenantId, runtimeId, operationId, deploymentId }: Deploy, step: number) => ({
  tenantId,
  runtimeId,
  operationId,
  deploymentId,
  step,
});

async function admitted(input: Deploy): Promise<Extract<Admission, { admitted: true }>> {
  const answer = await records.admitDeployment(input);
  if (!answer.admitted) throw new Error(`Not admitted: ${answer.reason}`);
  return answer;
}

async function refused(input: Deploy, by: RecordActivities = records) {
  const answer = await by.admitDeployment(input);
  if (answer.admitted) throw new Error('Admitted, against all expectation.');
  return answer;
}

async function ended(deploy: Deploy, outcome: Partial<OutcomeRecord> = {}): Promise<void> {
  await records.recordOutcome({
    ...key(deploy, 99),
    outcome: 'succeeded',
    message: 'Done',
    revision: 1,
    verified: true,
    leaves: 'new',
    ...outcome,
  });
}

/** A first deploy that succeeded and is verified as revision 1. */
async function installed(changes: Parameters<typeof firstDeploy>[0] = {}): Promise<Deploy> {
  const deploy = firstDeploy({ name: `agent-${newId('event').slice(-12)}`, ...changes });
  await admitted(deploy);
  await ended(deploy);
  return deploy;
}

const runtimeOf = async (deploy: Deploy) => {
  const runtime = await findRuntime(acme(), { runtimeId: deploy.runtimeId, maxAgeSeconds: 15 });
  if (!runtime) throw new Error(`No runtime ${deploy.runtimeId}`);
  return runtime;
};
const eventsOf = async (deploy: Deploy) => listEvents(acme(), { runtimeId: deploy.runtimeId, limit: 100 });

describe('admitDeployment', () => {
  test('writes runtime, deployment, operation and first event of a deploy that is allowed', async () => {
    const deploy = firstDeploy({ name: 'allowed' });
    const answer = await admitted(deploy);
    expect(answer).toMatchObject({
      target: { namespace: 'rtai-acme--default', release: 'allowed', runtimeId: deploy.runtimeId },
      quota: defaultQuota,
      policy: { answer: 'allow', policy: 'sample' },
      knownRevision: 0,
    });
    expect(answer).not.toHaveProperty('approval');
    expect(await runtimeOf(deploy)).toMatchObject({
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
    expect(await eventsOf(deploy)).toMatchObject([
      { sequence: 1, type: 'deploy.preparing', actor: 'human', principal: deploy.requester.id },
    ]);
  });

  test('gives the same answer again and writes nothing more when it is repeated', async () => {
    const deploy = nextDeploy(await installed());
    const first = await records.admitDeployment(deploy);
    expect(first).toMatchObject({ admitted: true, policy: { answer: 'require_approval' } });
    expect(await records.admitDeployment(deploy)).toEqual(first);
    expect(await eventsOf(deploy)).toHaveLength(3);
    expect(
      (await listApprovals(acme(), { filter: { operationId: deploy.operationId }, pageSize: 10 })).items,
    ).toHaveLength(1);
  });

  test('gives the same answer to two repeats at the same moment', async () => {
    const deploy = firstDeploy({ name: 'twice-at-once' });
    const [one, other] = await Promise.all([
      records.admitDeployment(deploy),
      records.admitDeployment(deploy),
    ]);
    expect(one).toEqual(other);
    expect(await eventsOf(deploy)).toHaveLength(1);
  });

  test('opens an approval where policy asks for one', async () => {
    const first = await installed();
    const upgrade = nextDeploy(first);
    const answer = await admitted(upgrade);
    expect(answer).toMatchObject({
      approval: { quorum: 1, expiresInSeconds: 86_400 },
      verified: { revision: 1, operationId: first.operationId, deploymentId: first.deploymentId },
      knownRevision: 1,
    });
    const operation = await findOperation(acme(), upgrade.operationId);
    expect(operation).toMatchObject({
      status: 'queued',
      stage: 'awaiting_approval',
      approval_id: answer.approval?.id,
    });
    expect(operation?.waits_for).toContain('other than Ada');
    const approval = await findApproval(acme(), answer.approval?.id ?? '');
    expect(approval).toMatchObject({
      status: 'open',
      quorum: 1,
      requester_id: upgrade.requester.id,
      decisions: [],
    });
    expect(Date.parse(approval?.expires_at ?? '') - Date.parse(approval?.created_at ?? '')).toBe(86_400_000);
  });

  test('records a rejected operation, and no runtime, when policy denies a new one', async () => {
    const tenantId = await tenantWith([
      { name: 'freeze', rules: [{ kind: 'deny_action', selector: {}, reason: 'freeze' }] },
    ]);
    const deploy = firstDeploy({ tenantId });
    const answer = await refused(deploy);
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
    expect(await refused(deploy)).toEqual(answer);
  });

  test('tells the runtime’s history that policy denied its deploy', async () => {
    const deploy = await installed();
    await policiesOfAcme([{ name: 'freeze', rules: [{ kind: 'deny_action', selector: {} }] }], async () => {
      const upgrade = nextDeploy(deploy);
      expect(await refused(upgrade)).toMatchObject({ code: 'policy_denied' });
      expect((await eventsOf(upgrade)).at(-1)).toMatchObject({
        type: 'deploy.rejected',
        operation_id: upgrade.operationId,
      });
      expect(await runtimeOf(deploy)).toMatchObject({ operation_id: deploy.operationId });
    });
  });

  test('denies everything in a tenant without policies', async () => {
    const tenantId = await tenantWith([]);
    expect(await refused(firstDeploy({ tenantId }))).toMatchObject({
      code: 'policy_denied',
      reason: expect.stringContaining('has no policy'),
    });
  });

  test('refuses a name that is taken in the project, and leaves nothing behind', async () => {
    const first = await installed();
    const { name } = await runtimeOf(first);
    const second = firstDeploy({ name });
    expect(await refused(second)).toMatchObject({
      code: 'name_taken',
      reason: expect.stringContaining(first.runtimeId),
    });
    expect(await findOperation(acme(), second.operationId)).toBeUndefined();
    expect((await records.admitDeployment(firstDeploy({ name, project: 'other' }))).admitted).toBe(true);
    expect((await records.admitDeployment(firstDeploy({ name, tenantId: 'globex' }))).admitted).toBe(true);
  });

  test('lets one of two through that ask for the same name at once', async () => {
    const answers = await Promise.all(
      [1, 2].map(() => records.admitDeployment(firstDeploy({ name: 'raced' }))),
    );
    expect(answers.map(answer => (answer.admitted ? 'admitted' : answer.code)).sort()).toEqual([
      'admitted',
      'name_taken',
    ]);
  });

  test('refuses a runtime that does not exist, or belongs to another tenant, in the same words', async () => {
    const foreign = await installed();
    const nowhere = nextDeploy(firstDeploy(), { tenantId: 'globex' });
    const absent = await refused(nowhere);
    const hidden = await refused(nextDeploy(foreign, { tenantId: 'globex' }));
    expect(absent.code).toBe('runtime_not_found');
    expect(hidden.reason.replace(foreign.runtimeId, nowhere.runtimeId)).toBe(absent.reason);
  });

  test('refuses a runtime on hold until the hold is lifted', async () => {
    const deploy = await installed();
    const bad = nextDeploy(deploy);
    await admitted(bad);
    await ended(bad, {
      outcome: 'rolled_back',
      leaves: 'previous',
      revision: 2,
      restoredRevision: 3,
      verified: false,
      hold: 'it was rolled back',
    });
    expect(await refused(nextDeploy(deploy))).toMatchObject({
      code: 'runtime_on_hold',
      reason: expect.stringContaining('it was rolled back'),
    });
    const lifted = nextDeploy(deploy, { liftHold: true });
    await admitted(lifted);
    expect((await runtimeOf(deploy)).hold).not.toBeNull();
    await ended(lifted, { revision: 4 });
    expect((await runtimeOf(deploy)).hold).toBeNull();
  });

  test('refuses every deploy while governance settings are missing', async () => {
    const bare = createRecordActivities({ db: two.db, governance: undefined, defaultQuota });
    expect(await refused(firstDeploy({ name: 'ungoverned' }), bare)).toMatchObject({
      code: 'governance_settings_missing',
    });
  });

  describe('with a quota', () => {
    const agent = (replicas: number): DeployRuntimeInput['agent'] => ({ ...firstDeploy().agent, replicas });
    const small = (project: string, name: string, replicas: number) =>
      firstDeploy({ project, name, agent: agent(replicas) });
    const give = (name: string) =>
      two.owner.inTenant('acme', db => setProjectQuota(db, { name, quota: { ...defaultQuota, pods: 5 } }));

    test('counts what is deployed and what is under way', async () => {
      await give('counted');
      await installed({ project: 'counted', name: 'done', agent: agent(2) });
      await admitted(small('counted', 'under-way', 2));
      expect(await refused(small('counted', 'too-many', 2))).toMatchObject({
        code: 'quota_exceeded',
        reason: expect.stringContaining('2 pods asked for, 1 left (quota 5, other runtimes hold 4)'),
      });
      await admitted(small('counted', 'fits', 1));
    });

    test('counts an upgrade instead of what it replaces, and the larger of both until it ends', async () => {
      await give('upgraded');
      const deploy = await installed({ project: 'upgraded', name: 'grows', agent: agent(2) });
      const upgrade = nextDeploy(deploy, { agent: agent(5) });
      await admitted(upgrade);
      expect(await refused(small('upgraded', 'beside', 1))).toMatchObject({ code: 'quota_exceeded' });
      await ended(upgrade, {
        outcome: 'rolled_back',
        leaves: 'previous',
        revision: 2,
        restoredRevision: 3,
        verified: false,
      });
      await admitted(small('upgraded', 'beside', 3));
    });

    test('gives back what a failed first install held', async () => {
      await give('failed');
      const deploy = small('failed', 'breaks', 5);
      await admitted(deploy);
      expect(await refused(small('failed', 'next', 1))).toMatchObject({ code: 'quota_exceeded' });
      await ended(deploy, { outcome: 'failed', leaves: 'nothing', verified: false });
      await admitted(small('failed', 'next', 5));
    });

    test('lets one of two through that fit alone but not together', async () => {
      await give('raced');
      const answers = await Promise.all(
        ['a', 'b', 'c', 'd'].map(name => records.admitDeployment(small('raced', name, 3))),
      );
      expect(answers.filter(answer => answer.admitted)).toHaveLength(1);
    });
  });
});

describe('recordStage', () => {
  test('writes operation, deployment and event, and closes the approval', async () => {
    const deploy = nextDeploy(await installed());
    const { approval } = await admitted(deploy);
    const record = { ...key(deploy, 1), stage: 'applying', message: 'Upgrading', baseRevision: 1 } as const;
    await records.recordStage({ ...record, approvalStatus: 'approved' });
    expect(await findOperation(acme(), deploy.operationId)).toMatchObject({
      status: 'running',
      stage: 'applying',
      waits_for: null,
      progress: { percent: 40, message: 'Upgrading' },
    });
    expect(await findDeployment(acme(), deploy.deploymentId)).toMatchObject({
      stage: 'applying',
      base_revision: 1,
    });
    expect(await findApproval(acme(), approval?.id ?? '')).toMatchObject({
      status: 'approved',
      closed_at: expect.any(String),
    });
    expect((await eventsOf(deploy)).at(-1)).toMatchObject({
      type: 'deploy.applying',
      actor: 'system',
      severity: 'info',
    });
  });

  test('changes nothing when it is repeated, also after later steps', async () => {
    const deploy = firstDeploy({ name: 'repeated-stage' });
    await admitted(deploy);
    const applying = { ...key(deploy, 1), stage: 'applying', message: 'Installing' } as const;
    await records.recordStage(applying);
    await records.recordStage({ ...key(deploy, 2), stage: 'verifying', message: 'Looking' });
    await records.recordStage(applying);
    expect(await findOperation(acme(), deploy.operationId)).toMatchObject({ stage: 'verifying' });
    expect((await eventsOf(deploy)).map(event => event.sequence)).toEqual([1, 2, 3]);
  });

  test('says what it waits for', async () => {
    const deploy = firstDeploy({ name: 'waiting' });
    await admitted(deploy);
    const stuck = { ...key(deploy, 1), stage: 'needs_attention', message: 'Changed outside' } as const;
    await records.recordStage({ ...stuck, waitsFor: 'retry, accept or abandon' });
    expect(await findOperation(acme(), deploy.operationId)).toMatchObject({
      waits_for: 'retry, accept or abandon',
    });
    expect((await eventsOf(deploy)).at(-1)).toMatchObject({ severity: 'critical' });
    expect((await runtimeOf(deploy)).state).toBe('degraded');
  });

  test('refuses for good an operation that is not there, is another tenant’s, or has ended', async () => {
    const deploy = await installed();
    const late = { ...key(deploy, 100), stage: 'applying', message: 'Too late' } as const;
    const refusal = (type: string) => expect.objectContaining({ type, nonRetryable: true });
    await expect(records.recordStage(late)).rejects.toEqual(refusal('OperationEnded'));
    await expect(records.recordStage({ ...late, tenantId: 'globex' })).rejects.toEqual(
      refusal('OperationUnknown'),
    );
  });
});

describe('recordDecision', () => {
  test('keeps the answer with the approval and in the history, once', async () => {
    const deploy = nextDeploy(await installed());
    const { approval } = await admitted(deploy);
    const by = { id: newId('principal'), name: 'Grace', kind: 'human' } as const;
    const decision = {
      ...key(deploy, 1),
      approvalId: approval?.id ?? '',
      by,
      decision: 'reject',
      comment: 'not today',
      decidedAt: '2026-11-21T10:00:00.000Z',
    } as const;
    await records.recordDecision(decision);
    await records.recordDecision(decision);
    expect((await findApproval(acme(), approval?.id ?? ''))?.decisions).toEqual([
      {
        decided_by: 'Grace',
        principal_id: by.id,
        decision: 'reject',
        comment: 'not today',
        decided_at: '2026-11-21T10:00:00.000Z',
      },
    ]);
    const decisions = (await eventsOf(deploy)).filter(event => event.type === 'approval.reject');
    expect(decisions).toMatchObject([
      { actor: 'human', principal: by.id, message: 'Grace rejected the deploy: not today' },
    ]);
  });
});

describe('recordOutcome', () => {
  test('a success makes the new version what runs and what a rollback goes back to', async () => {
    const first = await installed();
    const upgrade = nextDeploy(first, {
      agent: { ...first.agent, image: 'runtimeai.dev/sample-agent:2.0.0' },
    });
    await admitted(upgrade);
    expect((await runtimeOf(first)).spec.agent.image).toContain('1.0.0');
    await ended(upgrade, { revision: 2 });
    expect(await runtimeOf(first)).toMatchObject({
      spec: { agent: { image: 'runtimeai.dev/sample-agent:2.0.0' } },
      verified_deployment_id: upgrade.deploymentId,
      endpoints: [expect.stringMatching(/^http:\/\/agent-.*\.rtai-acme--default\.svc:8080$/)],
    });
    expect(await findDeployment(acme(), upgrade.deploymentId)).toMatchObject({
      outcome: 'succeeded',
      verified: true,
      revision: 2,
    });
    expect(await findOperation(acme(), upgrade.operationId)).toMatchObject({
      status: 'succeeded',
      stage: 'finished',
      progress: { percent: 100 },
    });
    expect(await admitted(nextDeploy(first))).toMatchObject({ verified: { revision: 2 }, knownRevision: 2 });
  });

  test('a rollback keeps the old version, holds the runtime, and goes back to the restored revision next time', async () => {
    const first = await installed();
    const bad = nextDeploy(first, { agent: { ...first.agent, image: 'runtimeai.dev/sample-agent:bad' } });
    await admitted(bad);
    await records.recordStage({ ...key(bad, 1), stage: 'applying', message: 'Upgrading', revision: 2 });
    await ended(bad, {
      outcome: 'rolled_back',
      message: 'never ready',
      error: { code: 'rollout_failed', message: 'never ready' },
      leaves: 'previous',
      revision: 2,
      restoredRevision: 3,
      verified: false,
      hold: 'rolled back: never ready',
    });
    expect(await runtimeOf(first)).toMatchObject({
      spec: { agent: { image: first.agent.image } },
      verified_deployment_id: first.deploymentId,
      hold: { reason: 'rolled back: never ready', deployment_id: bad.deploymentId },
    });
    expect(await findDeployment(acme(), bad.deploymentId)).toMatchObject({
      outcome: 'rolled_back',
      restored_revision: 3,
      verified: false,
    });
    expect((await eventsOf(bad)).at(-1)).toMatchObject({ type: 'deploy.rolled_back', severity: 'warning' });
    expect(await admitted(nextDeploy(first, { liftHold: true }))).toMatchObject({
      verified: { revision: 3, operationId: first.operationId, deploymentId: first.deploymentId },
      knownRevision: 3,
    });
  });

  test('a rollback past an unverified version brings the verified one’s spec back', async () => {
    const first = await installed();
    const accepted = nextDeploy(first, { agent: { ...first.agent, replicas: 7 } });
    await admitted(accepted);
    await ended(accepted, { revision: 2, verified: false });
    expect((await runtimeOf(first)).spec.agent.replicas).toBe(7);
    const bad = nextDeploy(first);
    await admitted(bad);
    await ended(bad, {
      outcome: 'rolled_back',
      leaves: 'previous',
      revision: 3,
      restoredRevision: 4,
      verified: false,
    });
    expect((await runtimeOf(first)).spec.agent.replicas).toBe(2);
  });

  test('a failed first install leaves a runtime without anything to go back to, and the next deploy is an install', async () => {
    const deploy = firstDeploy({ name: 'first-fails' });
    await admitted(deploy);
    await records.recordStage({ ...key(deploy, 1), stage: 'applying', message: 'Installing', revision: 1 });
    await ended(deploy, { outcome: 'failed', leaves: 'nothing', verified: false });
    expect(await runtimeOf(deploy)).toMatchObject({
      state: 'error',
      verified_deployment_id: null,
      endpoints: [],
    });
    const again = await admitted(nextDeploy(deploy));
    expect(again).toMatchObject({ knownRevision: 0, policy: { answer: 'allow' } });
    expect(again).not.toHaveProperty('verified');
  });

  test('changes nothing when it is repeated', async () => {
    const deploy = await installed();
    const before = await runtimeOf(deploy);
    await ended(deploy);
    expect(await runtimeOf(deploy)).toEqual(before);
    expect(await eventsOf(deploy)).toHaveLength(2);
  });

  test('a second record of the same step at the same moment adds no second event', async () => {
    const deploy = firstDeploy({ name: 'ends-twice' });
    await admitted(deploy);
    await Promise.allSettled([ended(deploy), ended(deploy)]);
    await ended(deploy);
    expect((await eventsOf(deploy)).map(event => event.type)).toEqual([
      'deploy.preparing',
      'deploy.succeeded',
    ]);
  });
});

test('nothing that was recorded is seen by the other tenant', async () => {
  const deploy = nextDeploy(await installed());
  const { approval } = await admitted(deploy);
  const globex = two.db.forTenant('globex');
  expect(await findRuntime(globex, { runtimeId: deploy.runtimeId, maxAgeSeconds: 15 })).toBeUndefined();
  expect(await findDeployment(globex, deploy.deploymentId)).toBeUndefined();
  expect(await findOperation(globex, deploy.operationId)).toBeUndefined();
  expect(await findApproval(globex, approval?.id ?? '')).toBeUndefined();
  expect(await listEvents(globex, { runtimeId: deploy.runtimeId, limit: 10 })).toEqual([]);
  const operations = await listOperations(globex, { pageSize: 200 });
  expect(operations.items.every(operation => operation.tenant_id === 'globex')).toBe(true);
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
