import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXAMPLES } from '../../api/openapi/examples.ts';
import type { Route } from '../../api/openapi/route.ts';
import { ROUTES } from '../../api/openapi/routes.ts';
import { leafHash } from '../../audit/leaf.ts';
import { saveRuntimeKinds } from '../../db/runtime-kinds.ts';
import type { AuditRecord } from '../../domain/audit.ts';
import { SYSTEM_TENANT } from '../../domain/tenant.ts';
import { createTemporalClient } from '../../temporal/client.ts';
import { FakeActivities, fail } from '../fakes/activities.ts';
import { firstInstall } from '../workflows/deploy-input.ts';
import { startControlPlane, type TestControlPlane } from './control-plane.ts';
import { type GovernedWorld, openGovernedWorld } from './governed-world.ts';
import { makePerson, type Person } from './people.ts';
import { requestOf } from './route-requests.ts';
import { type Answer, startServer, type TestServer } from './server.ts';

const changing = ROUTES.filter(({ method, changesNothing }) => method !== 'get' && !changesNothing);

/** Asks for a plan and begins nothing: its answer is all there is of it. */
const LEAVES_NOTHING = ['planActions'];

let world: GovernedWorld;
let plane: TestControlPlane;
let server: TestServer;
let nobody: Person;
let ada: Person;
let bob: Person;

beforeAll(async () => {
  world = await openGovernedWorld();
  const { tenants } = world;
  await saveRuntimeKinds(tenants.database.global, KINDS);
  plane = await startControlPlane(tenants.database);
  plane.cluster = new FakeActivities(firstInstall());
  await plane.startWorker();
  const temporal = createTemporalClient({ address: plane.env.address, namespace: 'default' });
  server = await startServer(tenants, temporal);
  nobody = await makePerson(tenants.database, { name: 'nobody', roles: [] });
  ada = await makePerson(tenants.database, { name: 'ada', roles: ['super_admin'] });
  bob = await makePerson(tenants.database, { name: 'bob', roles: ['super_admin'] });
  await made('/policies', TWO_IN_STAGING);
});
afterAll(async () => {
  await server?.close();
  await plane?.close();
  await world?.close();
});

/** So that one decision does not end the waiting, and can be taken back. */
const TWO_IN_STAGING = {
  name: 'two-in-staging',
  rules: [
    {
      kind: 'require_approval',
      selector: { action: 'deploy.upgrade', environment: 'staging' },
      params: { quorum: 2 },
    },
  ],
};

const CAPABILITIES = ['start', 'stop', 'restart', 'scale', 'snapshot', 'restore', 'migrate'] as const;
const KINDS = (['agent_runtime', 'sandbox', 'vm'] as const).map(type => ({
  name: type.replace('_', '-'),
  type,
  backend: 'k8s_backend' as const,
  podSecurity: 'restricted' as const,
  capabilities: [...CAPABILITIES, 'deploy', 'rollback'] as const,
  missing: [],
}));

/** Every record of this request, in one tenant's audit. */
async function recordsOf(answer: Answer, tenant = 'acme'): Promise<AuditRecord[]> {
  const rows = await world.tenants.database
    .forTenant(tenant)
    .selectFrom('audit_records')
    .select('record')
    .orderBy('id')
    .execute();
  const id = answer.headers.get('x-request-id');
  return rows.map(({ record }) => record).filter(({ origin }) => origin.request_id === id);
}

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
      const { answer, by = ada, action, also = [] } = await done();
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
    const own = await click(approvalId, ada);
    expect(await trace(own)).toEqual(['ada', 'decideApproval', 'denied', approvalId, 'four_eyes']);
    await click(approvalId, bob);
    const twice = await click(approvalId, bob);
    expect(await trace(twice)).toEqual(['bob', 'decideApproval', 'refused', approvalId, 'already_decided']);
    await call(`/operations/${operationId}/cancel`, {});
    await ended(operationId);
    const late = await click(approvalId, bob);
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
    const key = world.tenants.keyOf('globex', 'super_admin');
    const answer = await server.call({ path, body: { decision: 'approve' }, key });
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
  await call(`/approvals/${approvalId}/decision`, { decision: 'approve' }, { by: bob });
  await expect.poll(async () => (await ended(operationId)).status).toBe('succeeded');
  const rows = await world.tenants.database
    .forTenant('acme')
    .selectFrom('audit_records')
    .select(['record', 'project', 'leaf'])
    .where('operation_id', '=', operationId)
    .orderBy('id')
    .execute();
  expect(rows.map(({ record }) => record.action)).toEqual(['deploy.begin', 'approval.approve', 'deploy.end']);
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

interface Done {
  readonly answer: Answer;
  /** Ada when left out. */
  readonly by?: Person;
  readonly action: string;
  /** What the same request did besides. */
  readonly also?: readonly string[];
}

let names = 0;
const fresh = (word: string) => `${word}-${++names}`;
const call = (
  path: string,
  body?: object,
  { method = 'POST', by = ada }: { method?: string; by?: Person } = {},
) => server.call({ path: `/v1${path}`, method, key: by.key, ...(body && { body }) });
const { agent } = EXAMPLES.createRuntime.smallest.value.spec;

async function ended(operationId: string): Promise<Answer['body']> {
  const { body } = await server.call({ path: `/v1/operations/${operationId}?wait=30`, key: ada.key });
  return body;
}

async function runtime(changes: object = {}): Promise<string> {
  const verification = { timeout_seconds: 30, soak_seconds: 0 };
  const { smallest } = EXAMPLES.createRuntime;
  const made = await call('/runtimes', { ...smallest.value, name: fresh('agent'), verification, ...changes });
  expect((await ended(made.body.operation_id)).outcome, JSON.stringify(made.body)).toBe('succeeded');
  return made.body.id;
}

const sandbox = () => runtime({ type: 'sandbox', spec: { size: 'small' }, verification: undefined });

const lifecycle =
  (verb: string, body: object, of: () => Promise<string> = sandbox) =>
  async (): Promise<Done> => ({
    answer: await call(`/runtimes/${await of()}/lifecycle/${verb}`, body),
    action: `${verb}.begin`,
  });

async function approval(environment = 'production'): Promise<{ approvalId: string; operationId: string }> {
  const runtimeId = await runtime({ environment });
  const { body } = await call(`/runtimes/${runtimeId}/deployments`, { agent });
  const { approval_id } = await ended(body.id);
  return { approvalId: approval_id, operationId: body.id };
}

async function made(path: string, body: object): Promise<string> {
  const answer = await call(path, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body.id;
}

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
    plane.cluster.next('carryOutStep', fail('cluster_refused', 'the quota of the cluster is used up'));
    plane.cluster.next('undoStep', fail('cluster_refused', 'the quota of the cluster is used up'));
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
      answer: await call(`/approvals/${approvalId}/decision`, { decision: 'approve' }, { by: bob }),
      by: bob,
      action: 'approval.approve',
    };
  },
  withdrawDecision: async () => {
    const { approvalId } = await approval('staging');
    await call(`/approvals/${approvalId}/decision`, { decision: 'approve' }, { by: bob });
    return {
      answer: await call(`/approvals/${approvalId}/withdrawal`, {}, { by: bob }),
      by: bob,
      action: 'approval.withdraw',
    };
  },
  createDelegation: async () => ({
    answer: await call('/delegations', { to: bob.id, until: inAnHour() }),
    action: 'delegation.create',
  }),
  revokeDelegation: async () => {
    const id = await made('/delegations', { to: bob.id, until: inAnHour() });
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
