import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { COMMAND_DEADLINE_MS } from '../../api/http/temporal-problem.ts';
import { EXAMPLES } from '../../api/openapi/examples.ts';
import { Deployment } from '../../domain/deployment.ts';
import { Operation } from '../../domain/operation.ts';
import { Runtime } from '../../domain/runtime.ts';
import { createTemporalClient } from '../../temporal/client.ts';
import { FakeActivities, gate } from '../fakes/activities.ts';
import { firstInstall } from '../workflows/deploy-input.ts';
import { startControlPlane, type TestControlPlane } from './control-plane.ts';
import { startServer, type TestRequest, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture } from './tenants.ts';

let tenants: TenantsFixture;
let plane: TestControlPlane;
let server: TestServer;
let names = 0;

beforeAll(async () => {
  tenants = await openTenants();
  plane = await startControlPlane(tenants.database);
  await plane.startWorker();
  server = await startServer(
    tenants,
    createTemporalClient({ address: plane.env.address, namespace: 'default' }),
  );
});

afterAll(async () => {
  await server.close();
  await plane.close();
  await tenants.close();
});

beforeEach(() => {
  plane.cluster = new FakeActivities(firstInstall());
});

const { agent } = EXAMPLES.createRuntime.smallest.value.spec;
const asDeveloper = (request: TestRequest) =>
  server.call({ key: tenants.keyOf('acme', 'developer'), ...request });
const asOperator = (request: TestRequest) =>
  server.call({ key: tenants.keyOf('acme', 'operator'), ...request });
const newRuntime = (changes: object = {}) => ({
  ...EXAMPLES.createRuntime.smallest.value,
  name: `agent-${++names}`,
  verification: { timeout_seconds: 30, soak_seconds: 0 },
  ...changes,
});
const create = (changes: object = {}, headers: Record<string, string> = {}) =>
  asDeveloper({ path: '/v1/runtimes', body: newRuntime(changes), headers });
const deploy = (runtimeId: string, changes: object = {}, headers: Record<string, string> = {}) =>
  asDeveloper({ path: `/v1/runtimes/${runtimeId}/deployments`, body: { agent, ...changes }, headers });
const ended = async (operationId: string) =>
  (await asDeveloper({ path: `/v1/operations/${operationId}?wait=30` })).body;

async function installed(changes: object = {}): Promise<string> {
  const { body } = await create(changes);
  expect((await ended(body.operation_id)).outcome).toBe('succeeded');
  return body.id;
}

async function waitingForApproval() {
  const runtimeId = await installed({ environment: 'production' });
  const { status, body } = await deploy(runtimeId);
  expect(status, JSON.stringify(body)).toBe(202);
  const { approval_id } = await ended(body.id);
  return { runtimeId, operationId: body.id as string, approvalId: approval_id as string };
}

const decide = (approvalId: string, body: object, headers = {}) =>
  asOperator({ path: `/v1/approvals/${approvalId}/decision`, body, headers });

describe('creating a runtime', () => {
  test('answers 201 with the runtime as soon as its deploy is admitted, and says where everything is', async () => {
    const { waits, open } = gate();
    plane.cluster.next('planRelease', waits);
    const answer = await create();
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    const runtime = Runtime.parse(answer.body);
    expect(runtime).toMatchObject({ state: 'creating', tenant_id: 'acme', type: 'agent_runtime' });
    expect(answer.headers.get('location')).toBe(`/v1/runtimes/${runtime.id}`);
    expect(answer.headers.get('operation-location')).toBe(`/v1/operations/${runtime.operation_id}`);
    open();
    const operation = Operation.parse(await ended(runtime.operation_id ?? ''));
    expect(operation).toMatchObject({ status: 'succeeded', outcome: 'succeeded', runtime_id: runtime.id });
    expect(operation.workflow.url).toMatch(
      /^http:\/\/127\.0\.0\.1:8233\/namespaces\/default\/workflows\/runtime%2Frt_/,
    );
    const deployment = await asDeveloper({ path: `/v1/deployments/${operation.deployment_id}` });
    expect(Deployment.parse(deployment.body)).toMatchObject({ stage: 'finished', verified: true });
  });

  test('with a name that is taken is 409, and leaves nothing behind', async () => {
    await installed({ name: 'taken' });
    const answer = await create({ name: 'taken' });
    expect([answer.status, answer.body.code]).toEqual([409, 'name_taken']);
    const { body } = await asDeveloper({ path: '/v1/runtimes?page_size=200' });
    expect(body.items.filter((runtime: Runtime) => runtime.name === 'taken')).toHaveLength(1);
  });

  test('beyond the quota is 422 and says which', async () => {
    const answer = await create({ spec: { agent: { ...agent, replicas: 500 } } });
    expect([answer.status, answer.body.code]).toEqual([422, 'quota_exceeded']);
  });

  test('twenty at once are all admitted', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => create({ project: 'crowd' })));
    expect(answers.map(answer => answer.status)).toEqual(Array(20).fill(201));
    await Promise.all(answers.map(answer => ended(answer.body.operation_id)));
  });
});

describe('a deploy into a runtime that is busy', () => {
  test('is 409 with a link to what runs, and 202 when that has ended', async () => {
    const runtimeId = await installed();
    const { waits, open } = gate();
    plane.cluster.next('planRelease', waits);
    const first = await deploy(runtimeId);
    expect(first.status).toBe(202);
    expect(first.headers.get('location')).toBe(`/v1/operations/${first.body.id}`);
    const second = await deploy(runtimeId);
    expect([second.status, second.body.code]).toEqual([409, 'runtime_busy']);
    expect(second.body.operation).toEqual({ id: first.body.id, href: `/v1/operations/${first.body.id}` });
    open();
    await ended(first.body.id);
    expect((await deploy(runtimeId)).status).toBe(202);
  });

  test('that has just ended is not busy any more', async () => {
    const runtimeId = await installed();
    for (let round = 0; round < 5; round++) {
      const { status, body } = await deploy(runtimeId);
      expect(status, JSON.stringify(body)).toBe(202);
      expect((await ended(body.id)).outcome).toBe('succeeded');
    }
  });

  test('of ten at once, one is admitted', async () => {
    const runtimeId = await installed();
    const { waits, open } = gate();
    plane.cluster.next('planRelease', waits);
    const answers = await Promise.all(Array.from({ length: 10 }, () => deploy(runtimeId)));
    expect(answers.map(answer => answer.status).sort()).toEqual([202, ...Array(9).fill(409)]);
    open();
  });
});

describe('an Idempotency-Key', () => {
  test('with the same body gives the same operation, also when that has ended', async () => {
    const headers = { 'idempotency-key': 'create-once' };
    const body = newRuntime();
    const [first, second] = [
      await asDeveloper({ path: '/v1/runtimes', body, headers }),
      await asDeveloper({ path: '/v1/runtimes', body, headers }),
    ];
    expect([first.status, first.headers.get('idempotent-replayed')]).toEqual([201, null]);
    expect([second.status, second.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect(second.body.id).toBe(first.body.id);
    await ended(first.body.operation_id);
    const third = await asDeveloper({ path: '/v1/runtimes', body, headers });
    expect([third.body.id, third.body.operation_id]).toEqual([first.body.id, first.body.operation_id]);
    const { body: operations } = await asDeveloper({ path: `/v1/operations?runtime_id=${first.body.id}` });
    expect(operations.items).toHaveLength(1);
  });

  test('sent ten times at once begins one operation', async () => {
    const runtimeId = await installed();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => deploy(runtimeId, {}, { 'idempotency-key': 'ten-at-once' })),
    );
    expect(answers.map(answer => answer.status)).toEqual(Array(10).fill(202));
    expect(new Set(answers.map(answer => answer.body.id)).size).toBe(1);
  });

  test('with another body, or for another address, is 422', async () => {
    const runtimeId = await installed();
    const headers = { 'idempotency-key': 'another-body' };
    const first = await deploy(runtimeId, {}, headers);
    const other = await deploy(runtimeId, { comment: 'changed' }, headers);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    expect((await create({}, headers)).status).toBe(422);
    await ended(first.body.id);
  });

  test('of somebody else is another key', async () => {
    const headers = { 'idempotency-key': 'shared' };
    const first = await create({}, headers);
    const body = newRuntime();
    const second = await server.call({
      path: '/v1/runtimes',
      key: tenants.keyOf('globex', 'developer'),
      body,
      headers,
    });
    expect([second.status, second.headers.get('idempotent-replayed')]).toEqual([201, null]);
    expect(second.body.id).not.toBe(first.body.id);
  });

  test('is not used up by a refusal: the same request is judged again', async () => {
    const runtimeId = await installed();
    const { waits, open } = gate();
    plane.cluster.next('planRelease', waits);
    const running = await deploy(runtimeId);
    const headers = { 'idempotency-key': 'refused-first' };
    expect((await deploy(runtimeId, { comment: 'later' }, headers)).status).toBe(409);
    open();
    await ended(running.body.id);
    expect((await deploy(runtimeId, { comment: 'later' }, headers)).status).toBe(202);
  });
});

describe('a key that was reserved before anything was begun', () => {
  test('begins the operation with the reserved ids when the request comes again', async () => {
    const cutOff = await startServer(tenants);
    const request = {
      path: '/v1/runtimes',
      body: newRuntime(),
      headers: { 'idempotency-key': 'reserved' },
      key: tenants.keyOf('acme', 'developer'),
    };
    expect((await cutOff.call(request)).status).toBe(503);
    await cutOff.close();
    const answer = await server.call(request);
    expect([answer.status, answer.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect((await server.call(request)).body.id).toBe(answer.body.id);
  });
});

describe('waiting for an operation', () => {
  test('ends as soon as it has finished, long before the time is up', async () => {
    const { waits, open } = gate();
    plane.cluster.next('planRelease', waits);
    const { body } = await create();
    const begun = performance.now();
    const waiting = asDeveloper({ path: `/v1/operations/${body.operation_id}?wait=60` });
    await delay(200);
    open();
    expect((await waiting).body.outcome).toBe('succeeded');
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  test('answers what there is when the time is up, and when to ask again', async () => {
    const { waits, open } = gate();
    plane.cluster.next('planRelease', waits);
    const { body } = await create();
    const answer = await asDeveloper({ path: `/v1/operations/${body.operation_id}?wait=1` });
    expect(answer.body).toMatchObject({ status: 'running', stage: 'preparing', finished_at: null });
    expect(answer.headers.get('retry-after')).toBe('1');
    open();
  });

  test('ends when it begins to wait for a person', async () => {
    const { operationId, approvalId } = await waitingForApproval();
    const operation = await ended(operationId);
    expect(operation).toMatchObject({
      stage: 'awaiting_approval',
      approval_id: approvalId,
      finished_at: null,
    });
    expect(operation.waits_for).toMatch(/approval/);
  });
});

describe('an approval', () => {
  test('lets the deploy go on; who decided is the key’s principal', async () => {
    const { operationId, approvalId } = await waitingForApproval();
    const answer = await decide(approvalId, { decision: 'approve', comment: 'fine' });
    expect([answer.status, answer.body.status], JSON.stringify(answer.body)).toEqual([200, 'approved']);
    expect(answer.body.decisions).toMatchObject([
      { decided_by: 'acme-operator', decision: 'approve', comment: 'fine' },
    ]);
    await expect.poll(async () => (await ended(operationId)).outcome).toBe('succeeded');
  });

  test('is not the requester’s to give, not even with the permission', async () => {
    const key = tenants.keyOf('acme', 'tenant_admin');
    const runtimeId = await installed({ environment: 'production' });
    const { body } = await server.call({
      path: `/v1/runtimes/${runtimeId}/deployments`,
      key,
      body: { agent },
    });
    const answer = await server.call({
      path: `/v1/approvals/${(await ended(body.id)).approval_id}/decision`,
      key,
      body: { decision: 'approve' },
    });
    expect([answer.status, answer.body.code]).toEqual([403, 'four_eyes']);
  });

  test('needs a reason when it is a no, and then ends the deploy', async () => {
    const { operationId, approvalId } = await waitingForApproval();
    const silent = await decide(approvalId, { decision: 'reject' });
    expect([silent.status, silent.body.errors?.[0].pointer], JSON.stringify(silent.body)).toEqual([
      422,
      '/comment',
    ]);
    expect((await decide(approvalId, { decision: 'reject', comment: 'not today' })).body.status).toBe(
      'rejected',
    );
    await expect.poll(async () => (await ended(operationId)).outcome).toBe('rejected');
    const late = await decide(approvalId, { decision: 'approve' });
    expect([late.status, late.body.code]).toEqual([409, 'already_decided']);
  });

  test('sent again with the same key is answered again, also after the end', async () => {
    const { operationId, approvalId } = await waitingForApproval();
    const headers = { 'idempotency-key': 'approve-once' };
    await decide(approvalId, { decision: 'approve' }, headers);
    await expect.poll(async () => (await ended(operationId)).outcome).toBe('succeeded');
    const again = await decide(approvalId, { decision: 'approve' }, headers);
    expect([again.status, again.body.status, again.headers.get('idempotent-replayed')]).toEqual([
      200,
      'approved',
      'true',
    ]);
  });

  test('is found in the list of open ones until it is closed', async () => {
    const { approvalId } = await waitingForApproval();
    const open = async () =>
      (await asOperator({ path: '/v1/approvals?status=open&page_size=200' })).body.items.map(
        (each: { id: string }) => each.id,
      );
    expect(await open()).toContain(approvalId);
    await decide(approvalId, { decision: 'reject', comment: 'no' });
    await expect.poll(open).not.toContain(approvalId);
  });
});

describe('cancelling', () => {
  test('ends an operation that waits, once', async () => {
    const { operationId, approvalId } = await waitingForApproval();
    const cancel = () =>
      asDeveloper({ path: `/v1/operations/${operationId}/cancel`, body: { reason: 'wrong version' } });
    expect((await cancel()).status).toBe(202);
    await expect.poll(async () => (await ended(operationId)).outcome).toBe('cancelled');
    const again = await cancel();
    expect([again.status, again.body.code, again.body.operation.id]).toEqual([
      409,
      'operation_finished',
      operationId,
    ]);
    const late = await decide(approvalId, { decision: 'approve' });
    expect([late.status, late.body.code]).toEqual([409, 'not_awaiting_approval']);
  });

  test('needs no body at all', async () => {
    const { operationId } = await waitingForApproval();
    expect((await asDeveloper({ method: 'POST', path: `/v1/operations/${operationId}/cancel` })).status).toBe(
      202,
    );
  });

  test('of what needs no attention cannot be resolved', async () => {
    const { operationId } = await waitingForApproval();
    const answer = await asOperator({
      path: `/v1/operations/${operationId}/resolve`,
      body: { resolution: 'retry' },
    });
    expect([answer.status, answer.body.code]).toEqual([409, 'does_not_need_attention']);
  });
});

describe('without a worker', () => {
  test('a command is 503 within its deadline, and carried out once when it is repeated later', async () => {
    await plane.stopWorker();
    const headers = { 'idempotency-key': 'no-worker' };
    const body = newRuntime();
    const begun = performance.now();
    const answer = await asDeveloper({ path: '/v1/runtimes', body, headers });
    expect([answer.status, answer.body.code]).toEqual([503, 'temporal_unavailable']);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(performance.now() - begun).toBeLessThan(COMMAND_DEADLINE_MS + 5_000);
    await plane.startWorker();
    const again = await asDeveloper({ path: '/v1/runtimes', body, headers });
    expect([again.status, again.headers.get('idempotent-replayed')], JSON.stringify(again.body)).toEqual([
      201,
      'true',
    ]);
    const { body: operations } = await asDeveloper({ path: `/v1/operations?runtime_id=${again.body.id}` });
    expect(operations.items).toHaveLength(1);
  });
});
