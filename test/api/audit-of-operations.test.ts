import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXAMPLES } from '../../api/openapi/examples.ts';
import { leafHash } from '../../audit/leaf.ts';
import { AuditedWorld } from './audited-world.ts';
import type { Person } from './people.ts';
import type { Answer } from './server.ts';

let audited: AuditedWorld;
beforeAll(async () => {
  audited = await AuditedWorld.open();
});
afterAll(() => audited.close());

const call = (...given: Parameters<AuditedWorld['call']>) => audited.call(...given);
const ended = (operationId: string) => audited.ended(operationId);
const made = (path: string, body: object) => audited.made(path, body);
const runtime = (changes: object = {}) => audited.runtime(changes);
const approval = (environment?: string) => audited.approval(environment);
const fresh = (word: string) => audited.fresh(word);
const recordsOf = (...given: Parameters<AuditedWorld['recordsOf']>) => audited.recordsOf(...given);
const { agent } = EXAMPLES.createRuntime.smallest.value.spec;

describe('what people click in vain leaves one record', () => {
  const click = (approvalId: string, by: Person) =>
    call(`/approvals/${approvalId}/decision`, { decision: 'approve' }, { by });
  const trace = async (answer: Answer, tenant = 'acme') => {
    await expect.poll(() => recordsOf(answer, tenant)).toHaveLength(1);
    const records = await recordsOf(answer, tenant);
    return records.flatMap(({ actor, action, outcome, object, details }) => [
      actor.name,
      action,
      outcome,
      object.id,
      details['code'],
    ]);
  };

  test('one’s own request, the same twice, and too late', async () => {
    const { approvalId, operationId } = await approval('staging');
    const own = await click(approvalId, audited.ada);
    expect(await trace(own)).toEqual(['ada', 'decideApproval', 'denied', approvalId, 'four_eyes']);
    await click(approvalId, audited.bob);
    const twice = await click(approvalId, audited.bob);
    expect(await trace(twice)).toEqual(['bob', 'decideApproval', 'refused', approvalId, 'already_decided']);
    await call(`/operations/${operationId}/cancel`, {});
    await ended(operationId);
    const late = await click(approvalId, audited.bob);
    expect(await trace(late)).toEqual([
      'bob',
      'decideApproval',
      'refused',
      approvalId,
      'not_awaiting_approval',
    ]);
  });

  test('of another tenant', async () => {
    const { approvalId } = await approval();
    const path = `/v1/approvals/${approvalId}/decision`;
    const key = audited.world.tenants.keyOf('globex', 'super_admin');
    const answer = await audited.server.call({ path, body: { decision: 'approve' }, key });
    expect(await trace(answer, 'globex')).toEqual([
      'globex-super_admin',
      'decideApproval',
      'refused',
      approvalId,
      'not_found',
    ]);
  });
});

test('what a policy denies leaves one record, with its digest', async () => {
  const runtimeId = await runtime();
  const freeze = {
    name: fresh('freeze'),
    rules: [{ kind: 'deny_action', selector: { environment: 'development' } }],
  };
  const policyId = await made('/policies', freeze);
  try {
    for (const [path, body, kind] of [
      [`/runtimes/${runtimeId}/deployments`, { agent }, 'deploy'],
      [`/runtimes/${runtimeId}/lifecycle/restart`, {}, 'restart'],
      [`/runtimes/${runtimeId}/actions/execute`, { actions: [{ type: 'restart' }] }, 'actions'],
      [`/runtimes/${runtimeId}/intent`, { goal: 'scale to 2' }, 'intent'],
    ] as const) {
      const answer = await call(path, body);
      expect([answer.status, answer.body.code]).toEqual([403, 'policy_denied']);
      await expect.poll(() => recordsOf(answer)).toHaveLength(1);
      expect(await recordsOf(answer)).toMatchObject([
        {
          action: `${kind}.begin`,
          actor: { name: 'ada' },
          outcome: 'denied',
          object: { kind: 'runtime', id: runtimeId },
          project: 'default',
          environment: 'development',
          policy: { answer: 'deny', policy: freeze.name, digest: expect.stringMatching(/./) },
          operation_id: expect.stringMatching(/^op_/),
        },
      ]);
    }
  } finally {
    await call(`/policies/${policyId}`, undefined, { method: 'DELETE' });
  }
});

test('every record of an operation tells where it was, by which policies and in which workflow', async () => {
  const { approvalId, operationId } = await approval();
  await call(`/approvals/${approvalId}/decision`, { decision: 'approve' }, { by: audited.bob });
  await expect.poll(async () => (await ended(operationId)).status).toBe('succeeded');
  const rows = await audited.world.tenants.database
    .forTenant('acme')
    .selectFrom('audit_records')
    .select(['record', 'project', 'leaf'])
    .where('operation_id', '=', operationId)
    .orderBy('id')
    .execute();
  expect(rows.map(({ record }) => record.action)).toEqual([
    'deploy.begin',
    'approval.open',
    'approval.approve',
    'deploy.end',
  ]);
  for (const { record, project, leaf } of rows) {
    expect(project).toBe('default');
    expect(record, record.action).toMatchObject({
      project: 'default',
      environment: 'production',
      policy: { digest: expect.stringMatching(/./), answer: 'require_approval', policy: 'sample' },
      workflow_id: expect.stringMatching(/^runtime\/rt_/),
    });
    expect(leafHash(record)).toEqual(leaf);
  }
});
