import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ApprovalWorld } from './approval-world.ts';

let world: ApprovalWorld;

beforeAll(async () => {
  world = await ApprovalWorld.open();
});

beforeEach(() => world.clear());

afterAll(() => world?.close());

describe('the approvals that wait for me', () => {
  test('are open ones of others that I may decide on', async () => {
    const id = await world.asks();
    await world.asks({ status: 'approved' });
    expect(await world.mine('olaf')).toEqual([id]);
    expect(await world.mine('emil')).toEqual([]);
    expect(await world.mine('else')).toEqual([]);
  });

  test('are none that I, another key of mine or an agent of mine asked for', async () => {
    const again = await world.joins({
      name: 'rosa-ci',
      roles: ['operator'],
      ownerId: world.who('rosa').id,
    });
    await world.asks();
    await world.asks({ requester: { id: again.id, personId: world.who('rosa').id } });
    expect(await world.mine('rosa')).toEqual([]);
    const { body } = await world.server.call({ path: '/v1/approvals?view=mine', key: again.key });
    expect(body.items).toEqual([]);
  });

  test('ask for my role or my group', async () => {
    const security = await world.asks({ demands: [{ groups: ['security'] }] });
    await world.asks({ demands: [{ roles: ['tenant_admin'] }] });
    expect(await world.mine('olaf')).toEqual([]);
    expect(await world.mine('gina')).toEqual([security]);
  });

  test('leave me alone once I have decided, until I take it back', async () => {
    const id = await world.asks({ demands: [{ quorum: 2 }] });
    await world.answers(id, 'olaf');
    expect(await world.mine('olaf')).toEqual([]);
    expect(await world.mine('otto')).toEqual([id]);
    const other = await world.asks({ demands: [{ quorum: 2 }] });
    await world.answers(other, 'olaf', { withdrawn: true });
    expect(await world.mine('olaf')).toEqual([other]);
  });

  test('need somebody else when the demand I fit is met', async () => {
    const id = await world.asks({ demands: [{ roles: ['operator'] }, { groups: ['security'] }] });
    await world.answers(id, 'olaf');
    expect(await world.mine('otto')).toEqual([]);
    expect(await world.mine('gina')).toEqual([id]);
  });

  test('wait again when the right by which the demand was met has gone', async () => {
    const gone = await world.joins({ name: 'greta', roles: ['operator'] });
    const id = await world.asks({ demands: [{ quorum: 1 }, { groups: ['security'] }] });
    await world.answers(id, 'greta');
    expect(await world.mine('otto')).toEqual([]);
    await world.tenants.database.inTenant('acme', sql =>
      sql.deleteFrom('role_grants').where('principal_id', '=', gone.id).execute(),
    );
    expect(await world.mine('otto')).toEqual([id]);
  });

  test('are also those of whoever delegates to me, as long as they do', async () => {
    const id = await world.asks({ demands: [{ groups: ['security'] }] });
    const delegation = await world.delegates('gina', 'emil');
    expect(await world.mine('emil')).toEqual([id]);
    await world.server.call({
      path: `/v1/delegations/${delegation}`,
      method: 'DELETE',
      key: world.who('gina').key,
    });
    expect(await world.mine('emil')).toEqual([]);
  });

  test('are none that the one who delegates to me has asked for', async () => {
    await world.asks();
    await world.delegates('rosa', 'emil');
    expect(await world.mine('emil')).toEqual([]);
  });

  test('are none in whose place somebody has decided already', async () => {
    const id = await world.asks({ demands: [{ quorum: 2 }] });
    await world.answers(id, 'emil', { for: 'olaf' });
    expect(await world.mine('olaf')).toEqual([]);
    expect(await world.mine('otto')).toEqual([id]);
  });

  test('are not those that have expired and are about to be closed', async () => {
    await world.asks({ expiresInSeconds: -1 });
    expect(await world.mine('olaf')).toEqual([]);
  });

  test('come page by page, past those that are not mine', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      ids.push(await world.asks());
      await world.asks({ requester: { id: world.who('olaf').id } });
    }
    const seen: string[] = [];
    let token = '';
    for (let page = 0; page < 5; page += 1) {
      const { body } = await world.server.call({
        path: `/v1/approvals?view=mine&page_size=2${token}`,
        key: world.who('olaf').key,
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
    const open = await world.asks();
    const closed = await world.asks({ status: 'void' });
    expect(await world.list('emil', 'view=open')).toEqual([open]);
    expect(await world.list('emil', 'view=closed&status=void')).toEqual([closed]);
    expect(await world.list('emil', 'page_size=2')).toEqual([closed, open]);
    const { body } = await world.server.call({ path: '/v1/approvals?view=open', key: world.who('emil').key });
    expect(body.items[0].card).toMatchObject({ title: expect.any(String), risk: { level: 'medium' } });
    expect(body.items[0].card).not.toHaveProperty('changes');
  });

  test('refuses a view there is none of', async () => {
    const answer = await world.server.call({ path: '/v1/approvals?view=yours', key: world.who('emil').key });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, '/query/view']);
  });

  test('shows nobody what is in a project they have no part in', async () => {
    const id = await world.asks();
    expect(await world.list('else', '')).toEqual([]);
    expect((await world.read('else', id)).status).toBe(404);
    expect((await world.decide('else', id)).status).toBe(404);
  });
});

describe('an approval', () => {
  test('says who must agree, who of them has, and what I may do about it', async () => {
    const demands = [{ quorum: 2, roles: ['operator' as const] }, { groups: ['security'] }];
    const id = await world.asks({ demands });
    await world.answers(id, 'otto');
    const { body } = await world.read('olaf', id);
    expect(body).toMatchObject({ id, project: 'default', status: 'open', digest: 'd'.repeat(64) });
    expect(body.progress).toMatchObject([
      { agreed: ['otto'], missing: 1, wanted: '2 people with role operator' },
      { agreed: [], missing: 1, wanted: 'one person with group security' },
    ]);
    expect(body.you).toEqual({ may_decide: true, in_place_of: null, why_not: null });
    const code = async (name: string) => (await world.read(name, id)).body.you.why_not?.code;
    expect(await code('otto')).toBe('already_decided');
    expect(await code('rosa')).toBe('four_eyes');
    expect(await code('emil')).toBe('permission_missing');
  });

  test('says whose delegation my decision would be given by', async () => {
    const id = await world.asks({ demands: [{ groups: ['security'] }] });
    expect((await world.read('olaf', id)).body.you.why_not.code).toBe('not_an_approver');
    await world.delegates('gina', 'olaf');
    expect((await world.read('olaf', id)).body.you).toMatchObject({ may_decide: true, in_place_of: 'gina' });
  });

  test('that is closed waits for nobody', async () => {
    const id = await world.asks({ status: 'expired' });
    const { body } = await world.read('olaf', id);
    expect(body.progress).toBeNull();
    expect(body.you.why_not.code).toBe('not_awaiting_approval');
  });

  test('shows each decision with whose place it was given in and whether it was taken back', async () => {
    const id = await world.asks({ demands: [{ quorum: 3 }] });
    await world.answers(id, 'emil', { for: 'olaf' });
    await world.answers(id, 'otto', { withdrawn: true });
    const { decisions } = (await world.read('olaf', id)).body;
    const by = (name: string) => decisions.find((each: { decided_by: string }) => each.decided_by === name);
    expect(by('emil')).toMatchObject({ for: { id: world.who('olaf').id, name: 'olaf' }, withdrawn_at: null });
    expect(by('otto')).toMatchObject({ for: null, withdrawn_at: expect.stringMatching(/Z$/) });
  });

  test.each([
    ['?format=markdown', {}],
    ['', { accept: 'text/markdown' }],
  ])('asked for with "%s" %j is a card to read', async (query, headers) => {
    const id = await world.asks();
    const answer = await world.server.call({
      path: `/v1/approvals/${id}${query}`,
      key: world.who('olaf').key,
      headers,
    });
    expect(answer.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(answer.body).toContain('# deploy shop:1.5.0 into checkout');
    expect(answer.body).toContain('+  image: shop:1.5.0');
  });

  test('of an earlier release, with a quorum and nothing else, can be read', async () => {
    const id = await world.asks();
    await world.tenants.database.inTenant('acme', sql =>
      sql
        .updateTable('approvals')
        .set({ demands: '[]', card: '{}', quorum: 2 })
        .where('id', '=', id)
        .execute(),
    );
    const { body } = await world.read('olaf', id);
    expect(body.progress).toMatchObject([{ missing: 2, demand: { quorum: 2 } }]);
    expect(body.card).toMatchObject({ requested_by: 'rosa', changes: [] });
  });
});
