import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../domain/ids.ts';
import { withClient } from '../test/postgres.ts';
import { type TwoTenants, twoTenants } from '../test/tenants.ts';
import { reserveIds } from './idempotency.ts';

let two: TwoTenants;
beforeAll(async () => {
  two = await twoTenants();
});
afterAll(() => two.close());

const ids = () => ({
  operationId: newId('operation'),
  deploymentId: newId('deployment'),
  runtimeId: newId('runtime'),
});
const command = (key: string) => ({
  principalId: 'prn_ada',
  key,
  route: 'POST /v1/runtimes',
  bodyHash: 'h1',
  ids: ids(),
});
const acme = () => two.db.forTenant('acme');

test('a key gives the ids of its first use again', async () => {
  const first = command('a');
  expect(await reserveIds(acme(), first)).toEqual({ answer: 'new', ids: first.ids });
  expect(await reserveIds(acme(), { ...first, ids: ids() })).toEqual({ answer: 'same', ids: first.ids });
});

test.each([{ bodyHash: 'h2' }, { route: 'POST /v1/other' }])(
  'a key with %j is another command',
  async change => {
    const first = command(JSON.stringify(change));
    await reserveIds(acme(), first);
    expect(await reserveIds(acme(), { ...first, ...change })).toEqual({ answer: 'different' });
  },
);

test('a key belongs to one principal of one tenant', async () => {
  const first = command('b');
  await reserveIds(acme(), first);
  expect(await reserveIds(acme(), { ...first, principalId: 'prn_grace' })).toMatchObject({ answer: 'new' });
  expect(await reserveIds(two.db.forTenant('globex'), first)).toMatchObject({ answer: 'new' });
});

test('of many at once exactly one is new and all get the same ids', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => reserveIds(acme(), command('c'))));
  expect(all.filter(({ answer }) => answer === 'new')).toHaveLength(1);
  expect(new Set(all.map(answer => ('ids' in answer ? answer.ids.operationId : 'none'))).size).toBe(1);
});

test('a key keeps whatever ids it is given', async () => {
  const first = { ...command('e'), ids: { policyId: newId('policy') } };
  await reserveIds(acme(), first);
  expect(await reserveIds(acme(), { ...first, ids: { policyId: newId('policy') } })).toEqual({
    answer: 'same',
    ids: first.ids,
  });
});

test('a key of an earlier release gives the ids of its three columns', async () => {
  const first = command('f');
  const { operationId, deploymentId, runtimeId } = first.ids;
  await withClient(two.database.superuserUrl, client =>
    client.query(
      `insert into idempotency_keys (tenant_id, principal_id, key, route, body_hash, operation_id, deployment_id, runtime_id)
       values ('acme', 'prn_ada', 'f', $1, 'h1', $2, $3, $4)`,
      [first.route, operationId, deploymentId, runtimeId],
    ),
  );
  expect(await reserveIds(acme(), command('f'))).toEqual({ answer: 'same', ids: first.ids });
});

test('keys that are no longer remembered go away, a few with each new one, of the same tenant alone', async () => {
  const old = Array.from({ length: 25 }, (_, index) => command(`old-${index}`));
  await Promise.all(old.map(each => reserveIds(acme(), each)));
  await reserveIds(two.db.forTenant('globex'), command('old-0'));
  await withClient(two.database.superuserUrl, client =>
    client.query(
      `update idempotency_keys set created_at = now() - interval '25 hours' where key like 'old-%'`,
    ),
  );
  const left = async () => {
    const { rows } = await withClient(two.database.superuserUrl, client =>
      client.query(`select tenant_id from idempotency_keys where key like 'old-%' order by tenant_id`),
    );
    return rows.map(row => row.tenant_id);
  };
  await reserveIds(acme(), command('new-1'));
  expect(await left()).toEqual([...Array(5).fill('acme'), 'globex']);
  await reserveIds(acme(), command('old-0'));
  expect((await left()).filter(tenant => tenant === 'acme').length).toBeLessThanOrEqual(1);
});

test('a key begins anew after a day', async () => {
  const first = command('d');
  await reserveIds(acme(), first);
  await withClient(two.database.superuserUrl, client =>
    client.query(`update idempotency_keys set created_at = now() - interval '25 hours' where key = 'd'`),
  );
  const second = command('d');
  expect(await reserveIds(acme(), { ...second, bodyHash: 'h2' })).toEqual({ answer: 'new', ids: second.ids });
});
