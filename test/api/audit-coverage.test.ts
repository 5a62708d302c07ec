import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXAMPLES } from '../../api/openapi/examples.ts';
import type { Route } from '../../api/openapi/route.ts';
import { ROUTES } from '../../api/openapi/routes.ts';
import { SYSTEM_TENANT } from '../../domain/tenant.ts';
import { fail } from '../fakes/activities.ts';
import { AuditedWorld } from './audited-world.ts';
import type { GovernedWorld } from './governed-world.ts';
import { makePerson, type Person } from './people.ts';
import { requestOf } from './route-requests.ts';
import type { Answer } from './server.ts';

const changing = ROUTES.filter(({ method, changesNothing }) => method !== 'get' && !changesNothing);

/** Asks for a plan and begins nothing: its answer is all there is of it. */
const LEAVES_NOTHING = ['planActions'];

let audited: AuditedWorld;
let world: GovernedWorld;
let nobody: Person;
beforeAll(async () => {
  audited = await AuditedWorld.open();
  world = audited.world;
  nobody = await makePerson(world.tenants.database, { name: 'nobody', roles: [] });
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

describe('a request that is refused leaves one record', () => {
  const refused = (route: Route, key?: string) =>
    world.server.call({
      ...requestOf(route, { ids: world.named('acme', 'acme-secret') }),
      ...(key !== undefined && { key }),
    });

  test.each(changing)('$operationId, to whom it is not permitted', async route => {
    const answer = await refused(route, nobody.key);
    expect([answer.status, answer.body.code]).toEqual([403, 'permission_missing']);
    await expect.poll(() => recordsOf(answer)).toHaveLength(1);
    expect(await recordsOf(answer)).toMatchObject([
      {
        actor: { id: nobody.id, name: 'nobody', kind: 'human', credential: expect.any(String) },
        action: route.operationId,
        outcome: 'denied',
        origin: { address: '127.0.0.1' },
        details: { status: 403, code: 'permission_missing' },
      },
    ]);
  });

  test.each(changing.filter(({ path }) => path.includes('{')))(
    '$operationId, in the audit of who asked for what is another tenant’s',
    async route => {
      const answer = await refused(route, world.tenants.keyOf('globex', 'super_admin'));
      expect(answer.status).toBe(404);
      await expect.poll(() => recordsOf(answer, 'globex')).toHaveLength(1);
      const [record] = await recordsOf(answer, 'globex');
      expect(record).toMatchObject({ action: route.operationId, outcome: 'refused' });
      expect(record?.object.id).toBe(/v1\/\w+\/([^/]+)/.exec(answer.body.instance)?.[1]);
      expect(await recordsOf(answer, 'acme')).toEqual([]);
    },
  );

  test.each(['no key', 'a wrong key', 'a revoked key', 'no token'])('with %s', async what => {
    const revoked = await world.revokedKey('acme', 'super_admin');
    const keys: Record<string, string> = {
      'a wrong key': 'rtai_test_0000000000000000_x_y',
      'a revoked key': revoked,
      'no token': 'eyJhbGciOiJub25lIn0.e30.',
    };
    const [route] = changing;
    if (!route) throw new Error('There is no route that changes anything.');
    const answer = await refused(route, keys[what]);
    expect(answer.status).toBe(401);
    await expect.poll(() => recordsOf(answer, SYSTEM_TENANT)).toHaveLength(1);
    expect(await recordsOf(answer, SYSTEM_TENANT)).toMatchObject([
      { actor: { kind: 'unknown' }, action: route.operationId, outcome: 'denied' },
    ]);
  });
});

describe('a request that is carried out leaves one record that says so', () => {
  test.each(changing.filter(({ operationId }) => !LEAVES_NOTHING.includes(operationId)))(
    '$operationId',
    async ({ operationId }) => {
      const done = DOING[operationId];
      if (!done) throw new Error(`Say how ${operationId} succeeds.`);
      const { answer, by = audited.ada, action, also = [] } = await done();
      expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
      await expect.poll(() => recordsOf(answer)).toHaveLength(1 + also.length);
      const [record, ...more] = await recordsOf(answer);
      expect(record).toMatchObject({
        action,
        actor: { id: by.id, name: by.name, kind: 'human', credential: expect.any(String) },
        outcome: expect.stringMatching(/^(accepted|succeeded)$/),
        origin: { address: '127.0.0.1' },
        object: { id: expect.any(String) },
      });
      expect(more.map(each => each.action)).toEqual(also);
      if (record?.outcome === 'accepted')
        expect(record.operation_id, 'what goes on is found by its operation').toMatch(/^op_/);
    },
  );
});

interface Done {
  readonly answer: Answer;
  /** Ada when left out. */
  readonly by?: Person;
  readonly action: string;
  /** What the same request did besides. */
  readonly also?: readonly string[];
}

const sandbox = () => runtime({ type: 'sandbox', spec: { size: 'small' }, verification: undefined });

const lifecycle =
  (verb: string, body: object, of: () => Promise<string> = sandbox) =>
  async (): Promise<Done> => ({
    answer: await call(`/runtimes/${await of()}/lifecycle/${verb}`, body),
    action: `${verb}.begin`,
  });

const policy = () => made('/policies', { name: fresh('policy'), rules: [] });
const member = () => made('/members', { name: fresh('member'), kind: 'human' });
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

const DOING: Readonly<Record<string, () => Promise<Done>>> = {
  createRuntime: async () => ({
    answer: await call('/runtimes', { ...EXAMPLES.createRuntime.smallest.value, name: fresh('agent') }),
    action: 'deploy.begin',
  }),
  createDeployment: async () => ({
    answer: await call(`/runtimes/${await runtime()}/deployments`, { agent }),
    action: 'deploy.begin',
  }),
  deleteRuntime: async () => ({
    answer: await call(`/runtimes/${await runtime()}`, undefined, { method: 'DELETE' }),
    action: 'delete.begin',
  }),
  startRuntime: lifecycle('start', {}, async () => {
    const id = await sandbox();
    const stopped = await call(`/runtimes/${id}/lifecycle/stop`, {});
    await ended(stopped.body.id);
    return id;
  }),
  stopRuntime: lifecycle('stop', {}),
  restartRuntime: lifecycle('restart', {}),
  scaleRuntime: lifecycle('scale', { resources: { replicas: 2 } }, () => runtime()),
  snapshotRuntime: lifecycle('snapshot', { name: 'one' }),
  restoreRuntime: lifecycle('restore', { snapshot: 'one' }, async () => {
    const id = await sandbox();
    const { body } = await call(`/runtimes/${id}/lifecycle/snapshot`, { name: 'one' });
    expect((await ended(body.id)).outcome).toBe('succeeded');
    return id;
  }),
  migrateRuntime: lifecycle('migrate', {}, () =>
    runtime({ type: 'vm', spec: { size: 'small' }, verification: undefined }),
  ),
  submitIntent: async () => ({
    answer: await call(`/runtimes/${await runtime()}/intent`, { goal: 'scale to 2' }),
    action: 'intent.begin',
  }),
  executeActions: async () => ({
    answer: await call(`/runtimes/${await runtime()}/actions/execute`, { actions: [{ type: 'restart' }] }),
    action: 'actions.begin',
  }),
  cancelOperation: async () => {
    const { operationId } = await approval();
    return { answer: await call(`/operations/${operationId}/cancel`, {}), action: 'operation.cancel' };
  },
  resolveOperation: async () => {
    const runtimeId = await sandbox();
    audited.plane.cluster.next(
      'carryOutStep',
      fail('cluster_refused', 'the quota of the cluster is used up'),
    );
    audited.plane.cluster.next('undoStep', fail('cluster_refused', 'the quota of the cluster is used up'));
    const { body } = await call(`/runtimes/${runtimeId}/lifecycle/stop`, {});
    const stage = async () => (await call(`/operations/${body.id}`, undefined, { method: 'GET' })).body.stage;
    await expect.poll(stage).toBe('needs_attention');
    return {
      answer: await call(`/operations/${body.id}/resolve`, { resolution: 'abandon' }),
      action: 'operation.resolve',
    };
  },
  decideApproval: async () => {
    const { approvalId } = await approval();
    return {
      answer: await call(`/approvals/${approvalId}/decision`, { decision: 'approve' }, { by: audited.bob }),
      by: audited.bob,
      action: 'approval.approve',
    };
  },
  withdrawDecision: async () => {
    const { approvalId } = await approval('staging');
    await call(`/approvals/${approvalId}/decision`, { decision: 'approve' }, { by: audited.bob });
    return {
      answer: await call(`/approvals/${approvalId}/withdrawal`, {}, { by: audited.bob }),
      by: audited.bob,
      action: 'approval.withdraw',
    };
  },
  createDelegation: async () => ({
    answer: await call('/delegations', { to: audited.bob.id, until: inAnHour() }),
    action: 'delegation.create',
  }),
  revokeDelegation: async () => {
    const id = await made('/delegations', { to: audited.bob.id, until: inAnHour() });
    return {
      answer: await call(`/delegations/${id}`, undefined, { method: 'DELETE' }),
      action: 'delegation.revoke',
    };
  },
  createPolicy: async () => ({
    answer: await call('/policies', { name: fresh('policy'), rules: [] }),
    action: 'policy.create',
  }),
  replacePolicy: async () => ({
    answer: await call(
      `/policies/${await policy()}`,
      { name: fresh('policy'), rules: [] },
      { method: 'PUT' },
    ),
    action: 'policy.update',
  }),
  deletePolicy: async () => ({
    answer: await call(`/policies/${await policy()}`, undefined, { method: 'DELETE' }),
    action: 'policy.delete',
  }),
  createTenant: async () => ({
    answer: await call('/tenants', { id: fresh('below') }),
    action: 'tenant.create',
  }),
  createProject: async () => ({
    answer: await call('/projects', { name: fresh('project') }),
    action: 'project.create',
  }),
  changeProject: async () => ({
    answer: await call('/projects/default', EXAMPLES.changeProject.larger.value, { method: 'PUT' }),
    action: 'project.change',
  }),
  createMember: async () => ({
    answer: await call('/members', {
      name: fresh('member'),
      kind: 'human',
      grants: [{ role: 'viewer', project: null }],
    }),
    action: 'member.create',
    also: ['role.grant'],
  }),
  changeMember: async () => ({
    answer: await call(`/members/${await member()}`, { name: fresh('renamed') }, { method: 'PUT' }),
    action: 'member.change',
  }),
  disableMember: async () => ({
    answer: await call(`/members/${await member()}`, undefined, { method: 'DELETE' }),
    action: 'member.disable',
  }),
  createKey: async () => ({ answer: await call('/keys', { name: fresh('key') }), action: 'key.create' }),
  rotateKey: async () => ({
    answer: await call(`/keys/${await made('/keys', { name: fresh('key') })}/rotate`, {}),
    action: 'key.rotate',
  }),
  revokeKey: async () => ({
    answer: await call(`/keys/${await made('/keys', { name: fresh('key') })}`, undefined, {
      method: 'DELETE',
    }),
    action: 'key.revoke',
  }),
};
