import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../domain/ids.ts';
import { type ApprovalWish, insertApproval, insertDecision } from '../builders/approval-rows.ts';
import { insertRuntime } from '../builders/runtime-rows.ts';
import { TemporalUpdates } from '../fakes/temporal-updates.ts';
import { makePerson, type Person } from './people.ts';
import { startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture } from './tenants.ts';

let tenants: TenantsFixture;
let server: TestServer;
let runtimeId: string;
const temporal = new TemporalUpdates();
const people: Record<string, Person> = {};

beforeAll(async () => {
  tenants = await openTenants();
  server = await startServer(tenants, temporal.asClient());
  runtimeId = await insertRuntime(tenants.database, { tenantId: 'acme', name: 'checkout' });
  people['rosa'] = await makePerson(tenants.database, { name: 'rosa', roles: ['operator', 'developer'] });
  people['olaf'] = await makePerson(tenants.database, { name: 'olaf', roles: ['operator'] });
  people['otto'] = await makePerson(tenants.database, { name: 'otto', roles: ['operator'] });
  people['gina'] = await makePerson(tenants.database, {
    name: 'gina',
    roles: ['operator'],
    groups: ['security'],
  });
  people['emil'] = await makePerson(tenants.database, { name: 'emil', roles: ['developer'] });
  people['else'] = await makePerson(tenants.database, {
    name: 'elsewhere',
    roles: ['operator'],
    project: 'another',
  });
});

beforeEach(async () => {
  await tenants.database.inTenant('acme', async sql => {
    await sql.updateTable('approvals').set({ status: 'cancelled' }).execute();
    await sql.updateTable('delegations').set({ revoked_at: new Date() }).execute();
  });
  temporal.sent.length = 0;
  temporal.answer = { status: 'open' };
});

afterAll(async () => {
  await server.close();
  await tenants.close();
});

const who = (name: string): Person => {
  const person = people[name];
  if (!person) throw new Error(`There is no ${name} in this test.`);
  return person;
};
const asks = (wish: Partial<ApprovalWish> = {}) =>
  insertApproval(tenants.database, {
    tenantId: 'acme',
    runtimeId,
    requester: { id: who('rosa').id },
    ...wish,
  });
const answers = (approvalId: string, name: string, more: { for?: string; withdrawn?: boolean } = {}) =>
  insertDecision(tenants.database, {
    tenantId: 'acme',
    approvalId,
    by: who(name),
    ...(more.for !== undefined && { inPlaceOf: who(more.for) }),
    withdrawn: more.withdrawn ?? false,
  });
const delegates = async (from: string, to: string) => {
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const body = { to: who(to).id, until };
  const answer = await server.call({ path: '/v1/delegations', key: who(from).key, body });
  expect(answer.status).toBe(201);
  return answer.body.id as string;
};
const list = async (name: string, query: string): Promise<string[]> => {
  const { body } = await server.call({ path: `/v1/approvals?${query}`, key: who(name).key });
  return body.items.map(({ id }: { id: string }) => id);
};
const mine = (name: string) => list(name, 'view=mine');
const read = (name: string, id: string) => server.call({ path: `/v1/approvals/${id}`, key: who(name).key });
const decide = (name: string, id: string, body: object = { decision: 'approve' }) =>
  server.call({ path: `/v1/approvals/${id}/decision`, key: who(name).key, body });

describe('the approvals that wait for me', () => {
  test('are open ones of others that I may decide on', async () => {
    const id = await asks();
    await asks({ status: 'approved' });
    expect(await mine('olaf')).toEqual([id]);
    expect(await mine('emil')).toEqual([]);
    expect(await mine('else')).toEqual([]);
  });

  test('are none that I, another key of mine or an agent of mine asked for', async () => {
    const again = await makePerson(tenants.database, {
      name: 'rosa-ci',
      roles: ['operator'],
      ownerId: who('rosa').id,
    });
    await asks();
    await asks({ requester: { id: again.id, personId: who('rosa').id } });
    expect(await mine('rosa')).toEqual([]);
    const { body } = await server.call({ path: '/v1/approvals?view=mine', key: again.key });
    expect(body.items).toEqual([]);
  });

  test('ask for my role or my group', async () => {
    const security = await asks({ demands: [{ groups: ['security'] }] });
    await asks({ demands: [{ roles: ['tenant_admin'] }] });
    expect(await mine('olaf')).toEqual([]);
    expect(await mine('gina')).toEqual([security]);
  });

  test('leave me alone once I have decided, until I take it back', async () => {
    const id = await asks({ demands: [{ quorum: 2 }] });
    await answers(id, 'olaf');
    expect(await mine('olaf')).toEqual([]);
    expect(await mine('otto')).toEqual([id]);
    const other = await asks({ demands: [{ quorum: 2 }] });
    await answers(other, 'olaf', { withdrawn: true });
    expect(await mine('olaf')).toEqual([other]);
  });

  test('need somebody else when the demand I fit is met', async () => {
    const id = await asks({ demands: [{ roles: ['operator'] }, { groups: ['security'] }] });
    await answers(id, 'olaf');
    expect(await mine('otto')).toEqual([]);
    expect(await mine('gina')).toEqual([id]);
  });

  test('wait again when the right by which the demand was met has gone', async () => {
    const gone = await makePerson(tenants.database, { name: 'greta', roles: ['operator'] });
    people['greta'] = gone;
    const id = await asks({ demands: [{ quorum: 1 }, { groups: ['security'] }] });
    await answers(id, 'greta');
    expect(await mine('otto')).toEqual([]);
    await tenants.database.inTenant('acme', sql =>
      sql.deleteFrom('role_grants').where('principal_id', '=', gone.id).execute(),
    );
    expect(await mine('otto')).toEqual([id]);
  });

  test('are also those of whoever delegates to me, as long as they do', async () => {
    const id = await asks({ demands: [{ groups: ['security'] }] });
    const delegation = await delegates('gina', 'emil');
    expect(await mine('emil')).toEqual([id]);
    await server.call({ path: `/v1/delegations/${delegation}`, method: 'DELETE', key: who('gina').key });
    expect(await mine('emil')).toEqual([]);
  });

  test('are none that the one who delegates to me has asked for', async () => {
    await asks();
    await delegates('rosa', 'emil');
    expect(await mine('emil')).toEqual([]);
  });

  test('are none in whose place somebody has decided already', async () => {
    const id = await asks({ demands: [{ quorum: 2 }] });
    await answers(id, 'emil', { for: 'olaf' });
    expect(await mine('olaf')).toEqual([]);
    expect(await mine('otto')).toEqual([id]);
  });

  test('are not those that have expired and are about to be closed', async () => {
    await asks({ expiresInSeconds: -1 });
    expect(await mine('olaf')).toEqual([]);
  });

  test('come page by page, past those that are not mine', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      ids.push(await asks());
      await asks({ requester: { id: who('olaf').id } });
    }
    const seen: string[] = [];
    let token = '';
    for (let page = 0; page < 5; page += 1) {
      const { body } = await server.call({
        path: `/v1/approvals?view=mine&page_size=2${token}`,
        key: who('olaf').key,
      });
      seen.push(...body.items.map((item: { id: string }) => item.id));
      if (body.next_page_token === null) break;
      token = `&page_token=${body.next_page_token}`;
    }
    expect(seen).toEqual(ids.reverse());
  });
});

describe('the list of approvals', () => {
  test('shows the open ones, the closed ones or all, without diffs', async () => {
    const open = await asks();
    const closed = await asks({ status: 'void' });
    expect(await list('emil', 'view=open')).toEqual([open]);
    expect(await list('emil', 'view=closed&status=void')).toEqual([closed]);
    expect(await list('emil', 'page_size=2')).toEqual([closed, open]);
    const { body } = await server.call({ path: '/v1/approvals?view=open', key: who('emil').key });
    expect(body.items[0].card).toMatchObject({ title: expect.any(String), risk: { level: 'medium' } });
    expect(body.items[0].card).not.toHaveProperty('changes');
  });

  test('refuses a view there is none of', async () => {
    const answer = await server.call({ path: '/v1/approvals?view=yours', key: who('emil').key });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, '/query/view']);
  });

  test('shows nobody what is in a project they have no part in', async () => {
    const id = await asks();
    expect(await list('else', '')).toEqual([]);
    expect((await read('else', id)).status).toBe(404);
    expect((await decide('else', id)).status).toBe(404);
  });
});

describe('an approval', () => {
  test('says who must agree, who of them has, and what I may do about it', async () => {
    const demands = [{ quorum: 2, roles: ['operator' as const] }, { groups: ['security'] }];
    const id = await asks({ demands });
    await answers(id, 'otto');
    const { body } = await read('olaf', id);
    expect(body).toMatchObject({ id, project: 'default', status: 'open', digest: 'd'.repeat(64) });
    expect(body.progress).toMatchObject([
      { agreed: ['otto'], missing: 1, wanted: '2 persons with role operator' },
      { agreed: [], missing: 1, wanted: '1 person with group security' },
    ]);
    expect(body.you).toEqual({ may_decide: true, in_place_of: null, why_not: null });
    const code = async (name: string) => (await read(name, id)).body.you.why_not?.code;
    expect(await code('otto')).toBe('already_decided');
    expect(await code('rosa')).toBe('four_eyes');
    expect(await code('emil')).toBe('permission_missing');
  });

  test('says whose delegation my decision would be given by', async () => {
    const id = await asks({ demands: [{ groups: ['security'] }] });
    expect((await read('olaf', id)).body.you.why_not.code).toBe('not_an_approver');
    await delegates('gina', 'olaf');
    expect((await read('olaf', id)).body.you).toMatchObject({ may_decide: true, in_place_of: 'gina' });
  });

  test('that is closed waits for nobody', async () => {
    const id = await asks({ status: 'expired' });
    const { body } = await read('olaf', id);
    expect(body.progress).toBeNull();
    expect(body.you.why_not.code).toBe('not_awaiting_approval');
  });

  test('shows each decision with whose place it was given in and whether it was taken back', async () => {
    const id = await asks({ demands: [{ quorum: 3 }] });
    await answers(id, 'emil', { for: 'olaf' });
    await answers(id, 'otto', { withdrawn: true });
    const { decisions } = (await read('olaf', id)).body;
    const by = (name: string) => decisions.find((each: { decided_by: string }) => each.decided_by === name);
    expect(by('emil')).toMatchObject({ for: { id: who('olaf').id, name: 'olaf' }, withdrawn_at: null });
    expect(by('otto')).toMatchObject({ for: null, withdrawn_at: expect.stringMatching(/Z$/) });
  });

  test.each([
    ['?format=markdown', {}],
    ['', { accept: 'text/markdown' }],
  ])('asked for with "%s" %j is a card to read', async (query, headers) => {
    const id = await asks();
    const answer = await server.call({ path: `/v1/approvals/${id}${query}`, key: who('olaf').key, headers });
    expect(answer.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(answer.body).toContain('# deploy shop:1.5.0 into checkout');
    expect(answer.body).toContain('+  image: shop:1.5.0');
  });

  test('of an earlier release, with a quorum and nothing else, can be read', async () => {
    const id = await asks();
    await tenants.database.inTenant('acme', sql =>
      sql
        .updateTable('approvals')
        .set({ demands: '[]', card: '{}', quorum: 2 })
        .where('id', '=', id)
        .execute(),
    );
    const { body } = await read('olaf', id);
    expect(body.progress).toMatchObject([{ missing: 2, demand: { quorum: 2 } }]);
    expect(body.card).toMatchObject({ requested_by: 'rosa', changes: [] });
  });
});

describe('a decision', () => {
  test('is taken to the workflow with everything that is known of who decides', async () => {
    const id = await asks();
    const digest = 'd'.repeat(64);
    const { status } = await decide('gina', id, { decision: 'approve', comment: 'fine', digest });
    expect(status).toBe(200);
    expect(temporal.sent).toEqual([
      {
        workflowId: `runtime/${runtimeId}`,
        update: 'decide',
        input: {
          approvalId: id,
          digest,
          decision: 'approve',
          comment: 'fine',
          inPlaceOf: [],
          by: expect.objectContaining({
            id: who('gina').id,
            personId: who('gina').id,
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
    const agent = await makePerson(tenants.database, {
      name: 'olafs-bot',
      roles: ['operator'],
      ownerId: who('olaf').id,
    });
    const id = await asks();
    const body = { decision: 'approve' };
    await server.call({ path: `/v1/approvals/${id}/decision`, key: agent.key, body });
    expect(temporal.sent[0]?.input['by']).toMatchObject({
      id: agent.id,
      kind: 'agent',
      personId: who('olaf').id,
    });
  });

  test('by delegation brings along those who delegate and may decide there, and no rights of one’s own', async () => {
    await delegates('gina', 'emil');
    await delegates('else', 'emil');
    const id = await asks();
    expect((await decide('emil', id)).status).toBe(200);
    const { by, inPlaceOf } = temporal.sent[0]?.input ?? {};
    expect(by).toMatchObject({ id: who('emil').id, roles: [], groups: [] });
    expect(inPlaceOf).toEqual([
      expect.objectContaining({ id: who('gina').id, personId: who('gina').id, groups: ['security'] }),
    ]);
  });

  test('without the right to it, own or delegated, goes nowhere', async () => {
    const id = await asks();
    const answer = await decide('emil', id);
    expect([answer.status, answer.body.code]).toEqual([403, 'permission_missing']);
    await delegates('else', 'emil');
    expect((await decide('emil', id)).status).toBe(403);
    expect(temporal.sent).toEqual([]);
  });

  test('is not given by a key whose scopes leave it out, be it by delegation', async () => {
    const limited = await makePerson(tenants.database, {
      name: 'limited',
      roles: ['operator'],
      scopes: ['approval:read'],
    });
    people['limited'] = limited;
    await delegates('gina', 'limited');
    const answer = await decide('limited', await asks());
    expect([answer.status, answer.body.code]).toEqual([403, 'permission_missing']);
  });

  test('of refusal needs a comment', async () => {
    const answer = await decide('olaf', await asks(), { decision: 'reject' });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, '/comment']);
  });

  test('says nothing of who decides: the body cannot', async () => {
    const answer = await decide('olaf', await asks(), { decision: 'approve', by: who('gina').id });
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
      const id = await asks({ status });
      await tenants.database.inTenant('acme', sql =>
        sql.updateTable('operations').set({ finished_at: new Date(), outcome: 'rejected' }).execute(),
      );
      const answer = await decide('olaf', id);
      expect([answer.status, answer.body.code]).toEqual([http, code]);
    },
  );

  test('can be taken back by an Update of its own', async () => {
    const id = await asks();
    const path = `/v1/approvals/${id}/withdrawal`;
    const answer = await server.call({ path, key: who('olaf').key, body: { comment: 'too early' } });
    expect([answer.status, answer.body.id]).toEqual([200, id]);
    expect(temporal.sent).toMatchObject([
      { update: 'withdraw', input: { approvalId: id, comment: 'too early', by: { id: who('olaf').id } } },
    ]);
  });

  test('that is refused leaves a trace in the audit', async () => {
    const id = await asks({ status: 'expired' });
    await decide('emil', id);
    await tenants.database.inTenant('acme', sql =>
      sql.updateTable('operations').set({ finished_at: new Date(), outcome: 'rejected' }).execute(),
    );
    await decide('olaf', id);
    const traces = async () => {
      const rows = await tenants.database
        .forTenant('acme')
        .selectFrom('audit_records')
        .select('record')
        .where('object_id', '=', id)
        .orderBy('id')
        .execute();
      return rows.map(({ record }) => [record.actor.id, record.outcome, record.details['code']]);
    };
    await expect.poll(traces).toEqual([
      [who('emil').id, 'denied', 'permission_missing'],
      [who('olaf').id, 'refused', 'approval_expired'],
    ]);
  });

  test('on an approval there is none of is 404', async () => {
    expect((await decide('olaf', newId('approval'))).status).toBe(404);
  });
});
