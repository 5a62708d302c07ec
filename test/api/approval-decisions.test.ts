import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../domain/ids.ts';
import { ApprovalWorld } from './approval-world.ts';

let world: ApprovalWorld;

beforeAll(async () => {
  world = await ApprovalWorld.open();
});

beforeEach(() => world.clear());

afterAll(() => world?.close());

describe('a decision', () => {
  test('is taken to the workflow with everything that is known of who decides', async () => {
    const id = await world.asks();
    const digest = 'd'.repeat(64);
    const { status } = await world.decide('gina', id, { decision: 'approve', comment: 'fine', digest });
    expect(status).toBe(200);
    expect(world.temporal.sent).toEqual([
      {
        workflowId: `runtime/${world.runtimeId}`,
        update: 'decide',
        input: {
          approvalId: id,
          digest,
          decision: 'approve',
          comment: 'fine',
          inPlaceOf: [],
          by: expect.objectContaining({
            id: world.who('gina').id,
            personId: world.who('gina').id,
            kind: 'human',
            roles: ['operator'],
            groups: ['security'],
            credential: expect.any(String),
            origin: { address: '127.0.0.1', requestId: expect.any(String) },
          }),
        },
      },
    ]);
  });

  test('names an agent by the person it belongs to', async () => {
    const agent = await world.joins({
      name: 'olafs-bot',
      roles: ['operator'],
      ownerId: world.who('olaf').id,
    });
    const id = await world.asks();
    const body = { decision: 'approve' };
    await world.server.call({ path: `/v1/approvals/${id}/decision`, key: agent.key, body });
    expect(world.temporal.sent[0]?.input['by']).toMatchObject({
      id: agent.id,
      kind: 'agent',
      personId: world.who('olaf').id,
    });
  });

  test('by delegation brings along those who delegate and may decide there, and no rights of one’s own', async () => {
    await world.delegates('gina', 'emil');
    await world.delegates('else', 'emil');
    const id = await world.asks();
    expect((await world.decide('emil', id)).status).toBe(200);
    const { by, inPlaceOf } = world.temporal.sent[0]?.input ?? {};
    expect(by).toMatchObject({ id: world.who('emil').id, roles: [], groups: [] });
    expect(inPlaceOf).toEqual([
      expect.objectContaining({
        id: world.who('gina').id,
        personId: world.who('gina').id,
        groups: ['security'],
      }),
    ]);
  });

  test('without the right to it, own or delegated, goes nowhere', async () => {
    const id = await world.asks();
    const answer = await world.decide('emil', id);
    expect([answer.status, answer.body.code]).toEqual([403, 'permission_missing']);
    await world.delegates('else', 'emil');
    expect((await world.decide('emil', id)).status).toBe(403);
    expect(world.temporal.sent).toEqual([]);
  });

  test('is not given by a key whose scopes leave it out, be it by delegation', async () => {
    await world.joins({
      name: 'limited',
      roles: ['operator'],
      scopes: ['approval:read'],
    });
    await world.delegates('gina', 'limited');
    const answer = await world.decide('limited', await world.asks());
    expect([answer.status, answer.body.code]).toEqual([403, 'permission_missing']);
  });

  test('of refusal needs a comment', async () => {
    const answer = await world.decide('olaf', await world.asks(), { decision: 'reject' });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, '/comment']);
  });

  test('says nothing of who decides: the body cannot', async () => {
    const answer = await world.decide('olaf', await world.asks(), {
      decision: 'approve',
      by: world.who('gina').id,
    });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, '/by']);
  });

  test.each([
    ['expired', 409, 'approval_expired'],
    ['approved', 409, 'already_decided'],
    ['void', 409, 'approval_changed'],
    ['cancelled', 409, 'not_awaiting_approval'],
  ] as const)(
    'that comes when the operation has ended and the approval is %s is %s %s',
    async (status, http, code) => {
      const id = await world.asks({ status });
      await world.tenants.database.inTenant('acme', sql =>
        sql.updateTable('operations').set({ finished_at: new Date(), outcome: 'rejected' }).execute(),
      );
      const answer = await world.decide('olaf', id);
      expect([answer.status, answer.body.code]).toEqual([http, code]);
    },
  );

  test('that comes after the end is refused by the clock, also while nobody is there to close the approval', async () => {
    const id = await world.asks({ expiresInSeconds: -1 });
    const answer = await world.decide('olaf', id);
    expect([answer.status, answer.body.code]).toEqual([409, 'approval_expired']);
    expect(world.temporal.sent).toEqual([]);
  });

  test('that the workflow cannot take yet, because it is just being brought back, is to be repeated', async () => {
    const id = await world.asks();
    world.temporal.refusal = 'not_awaiting_approval';
    const answer = await world.decide('olaf', id);
    expect([answer.status, answer.body.code]).toEqual([503, 'temporal_unavailable']);
    expect(answer.headers.get('retry-after')).toBe('1');
    world.temporal.refusal = undefined;
    expect((await world.decide('olaf', id)).status).toBe(200);
  });

  test('can be taken back by an Update of its own', async () => {
    const id = await world.asks();
    const path = `/v1/approvals/${id}/withdrawal`;
    const answer = await world.server.call({
      path,
      key: world.who('olaf').key,
      body: { comment: 'too early' },
    });
    expect([answer.status, answer.body.id]).toEqual([200, id]);
    expect(world.temporal.sent).toMatchObject([
      {
        update: 'withdraw',
        input: { approvalId: id, comment: 'too early', by: { id: world.who('olaf').id } },
      },
    ]);
  });

  test('that is refused leaves a trace in the audit', async () => {
    const id = await world.asks({ status: 'expired' });
    await world.decide('emil', id);
    await world.operationsEnd();
    await world.decide('olaf', id);
    const traces = async () => {
      const rows = await world.tenants.database
        .forTenant('acme')
        .selectFrom('audit_records')
        .select('record')
        .where('object_id', '=', id)
        .orderBy('id')
        .execute();
      return rows.map(({ record }) => [record.actor.id, record.outcome, record.details['code']]);
    };
    await expect.poll(traces).toEqual([
      [world.who('emil').id, 'denied', 'permission_missing'],
      [world.who('olaf').id, 'refused', 'approval_expired'],
    ]);
  });

  test('on an approval there is none of is 404', async () => {
    expect((await world.decide('olaf', newId('approval'))).status).toBe(404);
  });
});
