import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findApproval } from '../db/approvals.ts';
import { findDeployment } from '../db/deployments.ts';
import { listEvents } from '../db/events.ts';
import { findOperation, listOperations } from '../db/operations.ts';
import { findRuntime } from '../db/runtimes.ts';
import { newId } from '../domain/ids.ts';
import { keyOf, RecordedDeploys } from '../test/recorded-deploys.ts';
import { firstDeploy, nextDeploy, type TwoTenants, twoTenants } from '../test/tenants.ts';

let two: TwoTenants;
let deploys: RecordedDeploys;
beforeAll(async () => {
  two = await twoTenants();
  deploys = new RecordedDeploys(two);
});
afterAll(() => two.close());

const acme = () => two.db.forTenant('acme');

describe('recordStage', () => {
  test('writes operation, deployment and event, and closes the approval', async () => {
    const deploy = nextDeploy(await deploys.installed());
    const approval = await deploys.awaiting(deploy);
    const record = { ...keyOf(deploy, 2), stage: 'applying', message: 'Upgrading', baseRevision: 1 } as const;
    await deploys.records.recordStage({ ...record, approvalStatus: 'approved' });
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
    expect(await findApproval(acme(), approval.id)).toMatchObject({
      status: 'approved',
      closed_at: expect.any(String),
    });
    expect((await deploys.eventsOf(deploy)).at(-1)).toMatchObject({
      type: 'deploy.applying',
      actor: 'system',
      severity: 'info',
    });
  });

  test('changes nothing when it is repeated, also after later steps', async () => {
    const deploy = firstDeploy({ name: 'repeated-stage' });
    await deploys.admitted(deploy);
    const applying = { ...keyOf(deploy, 1), stage: 'applying', message: 'Installing' } as const;
    await deploys.records.recordStage(applying);
    await deploys.records.recordStage({ ...keyOf(deploy, 2), stage: 'verifying', message: 'Looking' });
    await deploys.records.recordStage(applying);
    expect(await findOperation(acme(), deploy.operationId)).toMatchObject({ stage: 'verifying' });
    expect((await deploys.eventsOf(deploy)).map(event => event.sequence)).toEqual([1, 2, 3]);
  });

  test('says what it waits for', async () => {
    const deploy = firstDeploy({ name: 'waiting' });
    await deploys.admitted(deploy);
    const stuck = { ...keyOf(deploy, 1), stage: 'needs_attention', message: 'Changed outside' } as const;
    await deploys.records.recordStage({ ...stuck, waitsFor: 'retry, accept or abandon' });
    expect(await findOperation(acme(), deploy.operationId)).toMatchObject({
      waits_for: 'retry, accept or abandon',
    });
    expect((await deploys.eventsOf(deploy)).at(-1)).toMatchObject({ severity: 'critical' });
    expect((await deploys.runtimeOf(deploy)).state).toBe('degraded');
  });

  test('refuses for good an operation that is not there, is another tenant’s, or has ended', async () => {
    const deploy = await deploys.installed();
    const late = { ...keyOf(deploy, 100), stage: 'applying', message: 'Too late' } as const;
    const refusal = (type: string) => expect.objectContaining({ type, nonRetryable: true });
    await expect(deploys.records.recordStage(late)).rejects.toEqual(refusal('OperationEnded'));
    await expect(deploys.records.recordStage({ ...late, tenantId: 'globex' })).rejects.toEqual(
      refusal('OperationUnknown'),
    );
  });
});

describe('recordDecision', () => {
  test('keeps the answer with the approval and in the history, once', async () => {
    const deploy = nextDeploy(await deploys.installed());
    const approval = await deploys.awaiting(deploy);
    const by = { id: newId('principal'), name: 'Grace', kind: 'human' } as const;
    const decision = {
      ...keyOf(deploy, 2),
      approvalId: approval.id,
      by,
      decision: 'reject',
      comment: 'not today',
      decidedAt: '2026-11-21T10:00:00.000Z',
    } as const;
    await deploys.people.recordDecision(decision);
    await deploys.people.recordDecision(decision);
    expect((await findApproval(acme(), approval.id))?.decisions).toEqual([
      {
        decided_by: 'Grace',
        principal_id: by.id,
        for: null,
        decision: 'reject',
        comment: 'not today',
        decided_at: '2026-11-21T10:00:00.000Z',
        withdrawn_at: null,
      },
    ]);
    const decisions = (await deploys.eventsOf(deploy)).filter(event => event.type === 'approval.reject');
    expect(decisions).toMatchObject([
      { actor: 'human', principal: by.id, message: 'Grace rejected it: not today' },
    ]);
  });
});

describe('recordOutcome', () => {
  test('a success makes the new version what runs and what a rollback goes back to', async () => {
    const first = await deploys.installed();
    const upgrade = nextDeploy(first, {
      agent: { ...first.agent, image: 'runtimeai.dev/sample-agent:2.0.0' },
    });
    await deploys.admitted(upgrade);
    expect((await deploys.runtimeOf(first)).spec.agent?.image).toContain('1.0.0');
    await deploys.ended(upgrade, { revision: 2 });
    expect(await deploys.runtimeOf(first)).toMatchObject({
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
    expect(await deploys.admitted(nextDeploy(first))).toMatchObject({
      verified: { revision: 2 },
      knownRevision: 2,
    });
  });

  test('a rollback keeps the old version, holds the runtime, and goes back to the restored revision next time', async () => {
    const first = await deploys.installed();
    const bad = nextDeploy(first, { agent: { ...first.agent, image: 'runtimeai.dev/sample-agent:bad' } });
    await deploys.admitted(bad);
    await deploys.records.recordStage({
      ...keyOf(bad, 1),
      stage: 'applying',
      message: 'Upgrading',
      revision: 2,
    });
    await deploys.ended(bad, {
      outcome: 'rolled_back',
      message: 'never ready',
      error: { code: 'verification_failed', message: 'never ready' },
      leaves: 'previous',
      revision: 2,
      restoredRevision: 3,
      verified: false,
      hold: 'rolled back: never ready',
    });
    expect(await deploys.runtimeOf(first)).toMatchObject({
      spec: { agent: { image: first.agent.image } },
      verified_deployment_id: first.deploymentId,
      hold: { reason: 'rolled back: never ready', deployment_id: bad.deploymentId },
    });
    expect(await findDeployment(acme(), bad.deploymentId)).toMatchObject({
      outcome: 'rolled_back',
      restored_revision: 3,
      verified: false,
    });
    expect((await deploys.eventsOf(bad)).at(-1)).toMatchObject({
      type: 'deploy.rolled_back',
      severity: 'warning',
    });
    expect(await deploys.admitted(nextDeploy(first, { liftHold: true }))).toMatchObject({
      verified: { revision: 3, operationId: first.operationId, deploymentId: first.deploymentId },
      knownRevision: 3,
    });
  });

  test('a rollback past an unverified version brings the verified one’s spec back', async () => {
    const first = await deploys.installed();
    const accepted = nextDeploy(first, { agent: { ...first.agent, replicas: 7 } });
    await deploys.admitted(accepted);
    await deploys.ended(accepted, { revision: 2, verified: false });
    expect((await deploys.runtimeOf(first)).spec.agent?.replicas).toBe(7);
    const bad = nextDeploy(first);
    await deploys.admitted(bad);
    await deploys.ended(bad, {
      outcome: 'rolled_back',
      leaves: 'previous',
      revision: 3,
      restoredRevision: 4,
      verified: false,
    });
    expect((await deploys.runtimeOf(first)).spec.agent?.replicas).toBe(2);
  });

  test('a failed first install leaves a runtime without anything to go back to, and the next deploy is an install', async () => {
    const deploy = firstDeploy({ name: 'first-fails' });
    await deploys.admitted(deploy);
    await deploys.records.recordStage({
      ...keyOf(deploy, 1),
      stage: 'applying',
      message: 'Installing',
      revision: 1,
    });
    await deploys.ended(deploy, { outcome: 'failed', leaves: 'nothing', verified: false });
    expect(await deploys.runtimeOf(deploy)).toMatchObject({
      state: 'error',
      verified_deployment_id: null,
      endpoints: [],
    });
    const again = await deploys.admitted(nextDeploy(deploy));
    expect(again).toMatchObject({ knownRevision: 0, policy: { answer: 'allow' } });
    expect(again).not.toHaveProperty('verified');
  });

  test('changes nothing when it is repeated', async () => {
    const deploy = await deploys.installed();
    const before = await deploys.runtimeOf(deploy);
    await deploys.ended(deploy);
    expect(await deploys.runtimeOf(deploy)).toEqual(before);
    expect(await deploys.eventsOf(deploy)).toHaveLength(2);
  });

  test('a second record of the same step at the same moment adds no second event', async () => {
    const deploy = firstDeploy({ name: 'ends-twice' });
    await deploys.admitted(deploy);
    await Promise.allSettled([deploys.ended(deploy), deploys.ended(deploy)]);
    await deploys.ended(deploy);
    expect((await deploys.eventsOf(deploy)).map(event => event.type)).toEqual([
      'deploy.preparing',
      'deploy.succeeded',
    ]);
  });
});

test('nothing that was recorded is seen by the other tenant', async () => {
  const deploy = nextDeploy(await deploys.installed());
  const approval = await deploys.awaiting(deploy);
  const globex = two.db.forTenant('globex');
  expect(await findRuntime(globex, { runtimeId: deploy.runtimeId, maxAgeSeconds: 15 })).toBeUndefined();
  expect(await findDeployment(globex, deploy.deploymentId)).toBeUndefined();
  expect(await findOperation(globex, deploy.operationId)).toBeUndefined();
  expect(await findApproval(globex, approval.id)).toBeUndefined();
  expect(await listEvents(globex, { runtimeId: deploy.runtimeId, limit: 10 })).toEqual([]);
  const operations = await listOperations(globex, { pageSize: 200 });
  expect(operations.items.every(operation => operation.tenant_id === 'globex')).toBe(true);
});
