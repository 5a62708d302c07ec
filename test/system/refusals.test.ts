import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Operation } from '../../domain/operation.ts';
import { agentPod } from './by-hand.ts';
import { type Answer, must, refusal } from './caller.ts';
import { type GatedSystem, startGatedSystem } from './gated-system.ts';
import { changesOf } from './ways-to-the-cluster.ts';

vi.setConfig({ testTimeout: 150_000, hookTimeout: 180_000 });

let system: GatedSystem;

beforeAll(async () => {
  system = await startGatedSystem();
});

afterAll(() => system?.stop());

const developer = () => system.open.people.developer;
const operator = () => system.open.people.operator;
const keyOf = (release: string, project?: string) => ({
  namespace: system.open.namespaceOf(project),
  release,
});

describe.concurrent('a deploy', () => {
  it('while another runs on the runtime is refused with a link to it', async () => {
    const hold = system.gate.hold(changesOf(keyOf('busy')));
    const { id, operation_id: running } = must(201, await developer().create('busy', { version: '1.0.0' }));
    await hold.arrived;
    const second = await developer().deploy(id, { version: '1.1.0' });
    expect(refusal(second)).toEqual([409, 'runtime_busy']);
    expect(second.body).toMatchObject({ operation: { id: running, href: `/v1/operations/${running}` } });
    hold.release();
    await developer().ends(running ?? '', 'succeeded');
    expect(await system.releases.revisions(keyOf('busy'))).toEqual(['1 deployed']);
  });

  it('into a runtime that holds after a rollback is refused until the hold is lifted', async () => {
    const { id } = await developer().running('holding', { version: '1.0.0' });
    const bad = {
      version: '1.1.0-never-ready',
      request: { verification: { timeout_seconds: 5, soak_seconds: 0 } },
    };
    const { id: failed } = await developer().begin(id, bad);
    await developer().ends(failed, 'rolled_back');
    const refused = await developer().deploy(id, { version: '1.2.0' });
    expect(refusal(refused)).toEqual([409, 'runtime_on_hold']);
    expect((await developer().runtime(id)).hold?.deployment_id).toMatch(/^dep_/);
    const lifted = await developer().begin(id, { version: '1.2.0', request: { lift_hold: true } });
    await developer().ends(lifted.id, 'succeeded');
    expect((await developer().runtime(id)).hold).toBeNull();
    expect(await system.releases.revisions(keyOf('holding'))).toEqual([
      '1 superseded',
      '2 superseded',
      '3 superseded',
      '4 deployed',
    ]);
  });

  it('of more than the quota is refused before anything is begun', async () => {
    const agent = { replicas: 51, resources: { cpu: '10m', memory: '16Mi' } };
    const refused = await developer().create('too-many', { version: '1.0.0', agent });
    expect(refusal(refused)).toEqual([422, 'quota_exceeded']);
    expect(refused.body.detail).toMatch(/51 pods asked for.*quota 50/);
    const { items } = must(
      200,
      await developer().get<{ items: { name: string }[] }>('/runtimes?page_size=200'),
    );
    expect(items.map(({ name }) => name)).not.toContain('too-many');
  });

  it('whose pods the ResourceQuota refuses fails with its words, and is removed', async () => {
    const agent = { replicas: 0 };
    await developer().running('first', { version: '1.0.0', agent, request: { project: 'full' } });
    const { namespace } = keyOf('', 'full');
    await system.kubernetes.create(agentPod({ namespace, name: 'squatter', cpu: '19900m' }));
    const runtime = must(
      201,
      await developer().create('refused', {
        version: '1.0.0',
        agent: { replicas: 1, resources: { cpu: '200m', memory: '32Mi' } },
        request: { project: 'full', verification: { timeout_seconds: 5, soak_seconds: 0 } },
      }),
    );
    const operation = await developer().ends(runtime.operation_id ?? '', 'failed');
    expect(operation.error?.message).toMatch(/exceeded quota.*requests\.cpu/);
    expect((await developer().deployment(operation.deployment_id)).evidence?.events).not.toEqual([]);
    expect(await system.releases.revisions(keyOf('refused', 'full'))).toEqual([]);
  });
});

describe.concurrent('a request that comes again', () => {
  it('with its Idempotency-Key is answered with the same operation', async () => {
    const wish = { version: '1.0.0', headers: { 'idempotency-key': 'once' } };
    const first = await developer().create('once', wish);
    const again = await developer().create('once', wish);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect([again.body.id, again.body.operation_id]).toEqual([first.body.id, first.body.operation_id]);
    const other = await developer().create('once', { ...wish, version: '1.1.0' });
    expect(refusal(other)).toEqual([422, 'idempotency_key_reused']);
    await developer().ends(first.body.operation_id ?? '', 'succeeded');
    const late = await developer().create('once', wish);
    expect(late.body.operation_id).toBe(first.body.operation_id);
    expect(await system.releases.revisions(keyOf('once'))).toEqual(['1 deployed']);
  });

  it('six times at once with one key begins one operation', async () => {
    const wish = { version: '1.0.0', headers: { 'idempotency-key': 'crowd' } };
    const answers = await Promise.all(Array.from({ length: 6 }, () => developer().create('crowd', wish)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(new Set(answers.map(({ body }) => body.operation_id)).size).toBe(1);
    const [first] = answers;
    await developer().ends(first?.body.operation_id ?? '', 'succeeded');
    expect(await operationsOf(first?.body.id)).toHaveLength(1);
    expect(await system.releases.revisions(keyOf('crowd'))).toEqual(['1 deployed']);
  });

  it('six times at once without a key begins one operation, and five are told which', async () => {
    const { id } = await developer().running('stampede', { version: '1.0.0' });
    const deploys = Array.from({ length: 6 }, () => developer().deploy(id, { version: '1.1.0' }));
    const answers: Answer<unknown>[] = await Promise.all(deploys);
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409, 409, 409]);
    expect(await operationsOf(id)).toHaveLength(2);
  });
});

describe.concurrent('an approval', () => {
  const people = () => system.guarded.people;
  const installed = async (name: string, environment: string) =>
    people().developer.running(name, { version: '1.0.0', request: { environment } });

  it('is not given by the requester, nor twice, nor without the permission', async () => {
    const { id } = await installed('four-eyes', 'production');
    const { id: operationId, approval_id: approvalId } = await people().operator.asks(id, {
      version: '1.1.0',
    });
    expect(refusal(await people().operator.decide(approvalId, 'approve'))).toEqual([403, 'four_eyes']);
    expect(refusal(await people().developer.decide(approvalId, 'approve'))).toEqual([
      403,
      'permission_missing',
    ]);
    expect((await people().second_operator.decide(approvalId, 'approve')).status).toBe(200);
    const twice = await people().second_operator.decide(approvalId, 'reject');
    expect([twice.status, ['not_awaiting_approval', 'already_decided']]).toEqual([
      409,
      expect.arrayContaining([twice.body.code]),
    ]);
    await people().developer.ends(operationId, 'succeeded');
    const late = await people().second_operator.decide(approvalId, 'approve');
    expect(refusal(late)).toEqual([409, 'already_decided']);
  });

  it('that nobody gives expires, and then comes too late', async () => {
    const { id } = await installed('expiring', 'staging');
    const { id: operationId, approval_id: approvalId } = await people().developer.asks(id, {
      version: '1.1.0',
    });
    await people().developer.ends(operationId, 'expired');
    expect((await people().developer.approval(approvalId)).status).toBe('expired');
    const late = await people().operator.decide(approvalId, 'approve');
    expect(refusal(late)).toEqual([409, 'approval_expired']);
    expect(
      await system.releases.revisions({ namespace: system.guarded.namespaceOf(), release: 'expiring' }),
    ).toEqual(['1 deployed']);
  });

  it('that is refused ends the deploy as rejected, with the words of who refused', async () => {
    const { id } = await installed('refused', 'production');
    const { id: operationId, approval_id } = await people().developer.asks(id, { version: '1.1.0' });
    must(200, await people().operator.decide(approval_id, 'reject', 'not on a Friday'));
    const operation = await people().developer.ends(operationId, 'rejected');
    expect(operation.progress?.message).toContain('not on a Friday');
  });

  it('of a cancelled deploy, and of another tenant’s, cannot be given', async () => {
    const { id } = await installed('withdrawn', 'production');
    const { id: operationId, approval_id: approvalId } = await people().developer.asks(id, {
      version: '1.1.0',
    });
    expect(refusal(await operator().decide(approvalId, 'approve'))).toEqual([404, 'not_found']);
    must(202, await people().developer.cancel(operationId));
    await people().developer.ends(operationId, 'cancelled');
    const late = await people().operator.decide(approvalId, 'approve');
    expect(refusal(late)).toEqual([409, 'not_awaiting_approval']);
    expect((await people().developer.approval(approvalId)).status).toBe('cancelled');
  });
});

describe.concurrent('another tenant', () => {
  it('gets the same 404 for what is ours as for what is nowhere', async () => {
    const ours = await developer().running('private', { version: '1.0.0' });
    const { operation_id, verified_deployment_id } = await developer().runtime(ours.id);
    const { people } = system.guarded;
    const upgraded = await people.developer.running('theirs', {
      version: '1.0.0',
      request: { environment: 'production' },
    });
    const { approval_id } = await people.developer.asks(upgraded.id, { version: '1.1.0' });
    const paths = [
      ...['', '/status', '/deployments', '/events'].map(rest => [`/runtimes/ID${rest}`, ours.id]),
      ['/deployments/ID', verified_deployment_id],
      ['/operations/ID', operation_id],
      ['/operations/ID?wait=1', operation_id],
    ] as [string, string][];
    for (const [path, id] of paths) await looksAbsent(people.tenant_admin, path, id);
    await looksAbsent(system.open.people.tenant_admin, '/approvals/ID', approval_id ?? '');
    const { items } = must(
      200,
      await people.tenant_admin.get<{ items: { id: string }[] }>('/runtimes?page_size=200'),
    );
    expect(items.map(({ id }) => id)).not.toContain(ours.id);
    for (const command of ['cancel', 'resolve'] as const) {
      const body = command === 'resolve' ? { resolution: 'accept' } : {};
      const answer = await people.tenant_admin.post(`/operations/${operation_id}/${command}`, body);
      expect(refusal(answer)).toEqual([404, 'not_found']);
    }
    expect(refusal(await people.tenant_admin.deploy(ours.id, { version: '6.6.6' }))).toEqual([
      404,
      'runtime_not_found',
    ]);
  });

  async function looksAbsent(caller: ReturnType<typeof developer>, path: string, id: string): Promise<void> {
    const absent = `${id.slice(0, -4)}zzzz`;
    const [foreign, nowhere] = await Promise.all(
      [id, absent].map(each => caller.get(path.replace('ID', each))),
    );
    expect(foreign?.status, path).toBe(404);
    const stripped = (answer: Answer<object> | undefined, own: string) =>
      answer?.text.replaceAll(own, 'ID').replace(/req_[0-9a-f]+/, 'REQUEST');
    expect(stripped(foreign, id)).toBe(stripped(nowhere, absent));
  }
});

async function operationsOf(runtimeId: string | undefined): Promise<Operation[]> {
  const path = `/operations?runtime_id=${runtimeId}`;
  return must(200, await developer().get<{ items: Operation[] }>(path)).items;
}
