import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROUTES } from '../../api/openapi/routes.ts';
import { type GovernedWorld, type Named, openGovernedWorld } from './governed-world.ts';
import { ABSENT, anyPlanting, comparable, plantedRequest, secretsOf, toldBy } from './planted.ts';
import type { Answer, TestRequest } from './server.ts';

const RUNS = 400;

/**
 * Ids of tenants are the installation's, one for all: that one is taken cannot be hidden from who may make them. And
 * the audit tells a tenant what its own people have sent, also about what is not theirs; that has a test of its own.
 */
const guarded = ROUTES.filter(
  ({ operationId, permission, path }) =>
    permission !== undefined && operationId !== 'createTenant' && !/^\/audit[^{]*$/.test(path),
);

/** What lists something, and takes no id. */
const lists = ROUTES.filter(
  ({ method, path, permission }) => method === 'get' && permission && !path.includes('{'),
);

/** Somebody, what is theirs, and what they must not see: by id, and by any other word that is found nowhere else. */
interface Viewpoint {
  readonly key: string;
  readonly own: Named;
  readonly foreign: Named;
  /** As good as the foreign ones, of nothing. */
  readonly absent: Named;
  readonly words: readonly string[];
}

let world: GovernedWorld;
beforeAll(async () => {
  world = await openGovernedWorld();
});
afterAll(() => world.close());

describe('of one tenant', () => {
  const ofGlobex = (): Viewpoint => ({
    key: world.tenants.keyOf('globex', 'super_admin'),
    own: world.named('globex'),
    foreign: world.named('acme', 'acme-secret'),
    absent: ABSENT,
    words: ['acme'],
  });

  test.each(lists)('$operationId shows another one nothing', ({ path }) => listsNothing(path, ofGlobex));

  test('nothing is told to another one, whatever ids and names it sends', () => toldNothing(ofGlobex));

  test('what it has cannot be told by another one from what does not exist', () => cannotTell(ofGlobex));

  test('a project may have the name of another tenant’s', async () => {
    const key = world.tenants.keyOf('globex', 'super_admin');
    const { project } = world.named('acme', 'acme-secret');
    const made = await world.server.call({ path: '/v1/projects', body: { name: project }, key });
    expect([made.status, made.body.tenant_id]).toEqual([201, 'globex']);
  });

  test('an Idempotency-Key means nothing to another one', async () => {
    const headers = { 'idempotency-key': 'one-for-both' };
    const member = (tenant: 'acme' | 'globex') =>
      world.server.call({
        path: '/v1/members',
        body: { name: 'Eve', kind: 'human' },
        key: world.tenants.keyOf(tenant, 'super_admin'),
        headers,
      });
    const [theirs, ours] = [await member('acme'), await member('globex')];
    expect([theirs.status, ours.status]).toEqual([201, 201]);
    expect(ours.body.id).not.toBe(theirs.body.id);
    expect(ours.headers.get('idempotent-replayed')).toBeNull();
  });
});

describe('of one project', () => {
  let key: string;
  beforeAll(async () => {
    const { token } = await world.keyWith('acme', [{ role: 'super_admin', project: 'default' }]);
    key = token;
  });
  const ofDefault = (): Viewpoint => ({
    key,
    own: world.named('acme'),
    foreign: world.named('acme', 'acme-secret'),
    absent: { ...ABSENT, tenant_id: 'acme' },
    words: ['acme-secret'],
  });

  test.each(lists)('$operationId shows nothing to who has roles in others alone', ({ path }) =>
    listsNothing(path, ofDefault),
  );

  test('nothing is told to who has roles in others alone', () => toldNothing(ofDefault));

  test('what is in it cannot be told by them from what does not exist', () => cannotTell(ofDefault));
});

async function listsNothing(path: string, viewpoint: () => Viewpoint): Promise<void> {
  const { key, own, foreign, words } = viewpoint();
  const request = { path: `/v1${path}` };
  const answer = await world.server.call({ ...request, key });
  expect([200, 403]).toContain(answer.status);
  expect(toldBy(answer, { request, secrets: [...idsOnlyOf(foreign, own), ...words] })).toEqual([]);
}

async function toldNothing(viewpoint: () => Viewpoint): Promise<void> {
  const { key, own, foreign, words } = viewpoint();
  const secrets = [...idsOnlyOf(foreign, own), ...words];
  await fc.assert(
    fc.asyncProperty(anyPlanting(guarded), async planting => {
      const request = once(plantedRequest(planting, { own, planted: foreign }));
      const answer = await world.server.call({ ...request, key });
      expect(toldBy(answer, { request, secrets })).toEqual([]);
      expect(answer.status).toBeLessThan(504);
      expect(answer.status).not.toBe(500);
    }),
    { numRuns: RUNS },
  );
}

async function cannotTell(viewpoint: () => Viewpoint): Promise<void> {
  const { key, own, foreign, absent } = viewpoint();
  await fc.assert(
    fc.asyncProperty(anyPlanting(guarded), async planting => {
      const answered = async (planted: Named) => {
        const request = once(plantedRequest(planting, { own, planted }));
        const answer = await world.server.call({ ...request, key });
        await takeBack(answer, key);
        return comparable(answer, planted);
      };
      const theirs = await answered(foreign);
      const nothing = await answered(absent);
      expect(theirs).toEqual(nothing);
    }),
    { numRuns: RUNS },
  );
}

/** A policy that was made goes again: the next one would be answered with warnings about it. */
async function takeBack({ status, headers }: Answer, key: string): Promise<void> {
  const path = headers.get('location') ?? '';
  if (status !== 201 || !path.startsWith('/v1/policies/')) return;
  await world.server.call({ method: 'DELETE', path, key });
}

function idsOnlyOf(foreign: Named, own: Named): string[] {
  const ours = new Set(secretsOf(own));
  return secretsOf(foreign).filter(secret => !ours.has(secret));
}

let count = 0;
/** What is made gets a name of its own, so that it can be made again and again. */
function once({ body, ...request }: TestRequest): TestRequest {
  if (typeof body !== 'object' || body === null || !('name' in body)) return { ...request, body };
  count += 1;
  return { ...request, body: { ...body, name: `made-${count}` } };
}
