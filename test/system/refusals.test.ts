import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fieldsOf, listOf } from '../../clients/kubernetes/objects.ts';
import type { Operation } from '../../domain/operation.ts';
import { agentPod, handMadeUpgrade } from './by-hand.ts';
import { type Answer, must, refusal } from './caller.ts';
import { eventually } from './eventually.ts';
import { type GatedSystem, startGatedSystem } from './gated-system.ts';
import { changesOf, dryRunsOf } from './ways-to-the-cluster.ts';

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

  it('into a namespace that is being deleted waits, and succeeds once it is gone', async () => {
    const agent = { replicas: 1 };
    await developer().running('gone', { version: '1.0.0', agent, request: { project: 'doomed' } });
    const { namespace } = keyOf('', 'doomed');
    const held = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'held' };
    await system.kubernetes.create({
      ...held,
      metadata: { name: held.name, namespace, finalizers: ['runtimeai.dev/test'] },
    });
    await system.kubernetes.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
    const wish = { version: '1.0.0', agent, request: { project: 'doomed' } };
    const runtime = must(201, await developer().create('next', wish));
    const operation = await developer().reaches(runtime.operation_id ?? '', 'preparing');
    await system.kubernetes.patch(held, { metadata: { finalizers: null } });
    await developer().ends(operation.id, 'succeeded');
    expect(await system.releases.revisions(keyOf('next', 'doomed'))).toEqual(['1 deployed']);
  });

  it('into a project whose namespace was deleted makes it again; a bad one is removed, for nothing is left to go back to', async () => {
    const wish = { version: '1.0.0', agent: { replicas: 1 }, request: { project: 'wiped' } };
    const [good, bad] = await Promise.all(['good', 'bad'].map(name => developer().running(name, wish)));
    const namespace = { apiVersion: 'v1', kind: 'Namespace', name: keyOf('', 'wiped').namespace };
    await system.kubernetes.delete(namespace);
    await eventually({
      what: 'the namespace is gone',
      read: () => system.kubernetes.get(namespace),
      until: found => found === undefined,
    });
    const terms = { verification: { timeout_seconds: 5, soak_seconds: 0 } };
    const next = { version: '1.1.0', agent: { replicas: 1 } };
    const [mended, failed] = await Promise.all([
      developer().begin(good?.id ?? '', next),
      developer().begin(bad?.id ?? '', { ...next, version: '1.1.0-never-ready', request: terms }),
    ]);
    await developer().ends(mended.id, 'succeeded');
    await developer().ends(failed.id, 'failed');
    expect(await system.releases.revisions(keyOf('good', 'wiped'))).toEqual(['1 deployed']);
    expect(await system.releases.revisions(keyOf('bad', 'wiped'))).toEqual([]);
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
    const { id: operationId, approval_id: approvalId } = await people().operator.begin(id, {
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
    const { id: operationId, approval_id: approvalId } = await people().developer.begin(id, {
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
    const { id: operationId, approval_id } = await people().developer.begin(id, { version: '1.1.0' });
    must(200, await people().operator.decide(approval_id, 'reject', 'not on a Friday'));
    const operation = await people().developer.ends(operationId, 'rejected');
    expect(operation.progress?.message).toContain('not on a Friday');
  });

  it('of a cancelled deploy, and of another tenant’s, cannot be given', async () => {
    const { id } = await installed('withdrawn', 'production');
    const { id: operationId, approval_id: approvalId } = await people().developer.begin(id, {
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

describe.concurrent('cancelling a deploy', () => {
  const ended = async ({ id }: Operation) => {
    const operation = await developer().ends(id, 'cancelled');
    expect(operation.progress?.message).toMatch(/cancelled by developer: not wanted any more/);
    expect((await developer().runtime(operation.runtime_id)).hold).toBeNull();
  };
  const installing = async (name: string, matches: typeof changesOf) => {
    const hold = system.gate.hold(matches(keyOf(name)));
    const { operation_id } = must(201, await developer().create(name, { version: '1.0.0' }));
    await hold.arrived;
    return { hold, operation: await developer().operation(operation_id ?? '') };
  };

  it('that is being prepared changes nothing', async () => {
    const { hold, operation } = await installing('unprepared', dryRunsOf);
    expect(must(202, await developer().cancel(operation.id)).id).toBe(operation.id);
    hold.release();
    await ended(operation);
    expect(await system.releases.revisions(keyOf('unprepared'))).toEqual([]);
  });

  it('whose first install Helm applies ends Helm and removes what it made', async () => {
    const { hold, operation } = await installing('uninstalled', changesOf);
    must(202, await developer().cancel(operation.id));
    expect(refusal(await developer().cancel(operation.id))).toEqual([409, 'cannot_cancel_now']);
    await hold.left;
    hold.release();
    await ended(operation);
    expect(await system.releases.revisions(keyOf('uninstalled'))).toEqual([]);
  });

  it('whose upgrade Helm applies ends Helm and brings the last verified revision back', async () => {
    const { id } = await developer().running('unapplied', { version: '1.0.0' });
    const hold = system.gate.hold(changesOf(keyOf('unapplied')));
    const operation = await developer().begin(id, { version: '1.1.0' });
    await hold.arrived;
    must(202, await developer().cancel(operation.id));
    await hold.left;
    hold.release();
    await ended(operation);
    expect(await imageOf('unapplied')).toBe('runtimeai.dev/sample-agent:1.0.0');
    expect(await deployedRevisions('unapplied')).toHaveLength(1);
  });

  it('that is being verified brings the last verified revision back', async () => {
    const { id } = await developer().running('unverified', { version: '1.0.0' });
    const operation = await developer().begin(id, { version: '1.1.0-never-ready' });
    await developer().reaches(operation.id, 'verifying');
    must(202, await developer().cancel(operation.id));
    await ended(operation);
    expect(await imageOf('unverified')).toBe('runtimeai.dev/sample-agent:1.0.0');
    const late = await developer().cancel(operation.id);
    expect(refusal(late)).toEqual([409, 'operation_finished']);
  });

  it('that is on its way back is refused', async () => {
    const { id } = await developer().running('going-back', { version: '1.0.0' });
    const wish = {
      version: '1.1.0-never-ready',
      request: { verification: { timeout_seconds: 5, soak_seconds: 0 } },
    };
    const { id: operationId } = await developer().begin(id, wish);
    await developer().reaches(operationId, 'verifying');
    const hold = system.gate.hold(changesOf(keyOf('going-back')));
    await hold.arrived;
    expect(refusal(await developer().cancel(operationId))).toEqual([409, 'cannot_cancel_now']);
    hold.release();
    await developer().ends(operationId, 'rolled_back');
  });

  async function imageOf(release: string): Promise<unknown> {
    const { namespace } = keyOf(release);
    const reference = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: release };
    const template = fieldsOf(fieldsOf((await system.kubernetes.get(reference))?.['spec'])['template']);
    return listOf(fieldsOf(template['spec'])['containers'])[0]?.['image'];
  }

  async function deployedRevisions(release: string): Promise<string[]> {
    return (await system.releases.revisions(keyOf(release))).filter(each => each.endsWith(' deployed'));
  }
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
    const { approval_id } = await people.developer.begin(upgraded.id, { version: '1.1.0' });
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

describe.concurrent('a release that was changed by hand', () => {
  it('stops the deploy; retry looks again, accept deploys over it', async () => {
    const { id } = await developer().running('by-hand', { version: '1.0.0' });
    await handMadeUpgrade(keyOf('by-hand'), 'terminationGracePeriodSeconds=11');
    const { id: operationId } = await developer().begin(id, { version: '1.1.0' });
    const waiting = await developer().reaches(operationId, 'needs_attention');
    expect(waiting.progress?.message).toMatch(/revision 2 of by-hand was made outside of RuntimeAI/);
    expect(waiting.waits_for).toMatch(/retry.*accept.*abandon/);
    expect((await developer().runtime(id)).state).toBe('degraded');
    expect(refusal(await developer().resolve(operationId, 'accept'))).toEqual([403, 'permission_missing']);
    expect(refusal(await operator().cancel(operationId))).toEqual([409, 'cannot_cancel_now']);

    must(202, await operator().resolve(operationId, 'retry'));
    await attentionAgain(id, 2);
    must(202, await operator().resolve(operationId, 'accept'));
    await developer().ends(operationId, 'succeeded');
    expect(await system.releases.revisions(keyOf('by-hand'))).toEqual([
      '1 superseded',
      '2 superseded',
      '3 deployed',
    ]);
    expect(refusal(await operator().resolve(operationId, 'retry'))).toEqual([409, 'operation_finished']);
  });

  it('is left as it is when the deploy is abandoned', async () => {
    const { id } = await developer().running('left-alone', { version: '1.0.0' });
    await handMadeUpgrade(keyOf('left-alone'), 'terminationGracePeriodSeconds=12');
    const { id: operationId } = await developer().begin(id, { version: '1.1.0' });
    await developer().reaches(operationId, 'needs_attention');
    must(202, await operator().resolve(operationId, 'abandon'));
    await developer().ends(operationId, 'abandoned');
    expect(await system.releases.revisions(keyOf('left-alone'))).toEqual(['1 superseded', '2 deployed']);
    await eventually({
      what: 'it counts as running again',
      read: () => developer().runtime(id),
      until: ({ state }) => state === 'running',
    });
  });

  async function attentionAgain(runtimeId: string, times: number): Promise<void> {
    await eventually({
      what: `${runtimeId} has needed attention ${times} times`,
      read: () => developer().events(runtimeId),
      until: events => events.filter(({ type }) => type === 'deploy.needs_attention').length === times,
    });
  }
});

async function operationsOf(runtimeId: string | undefined): Promise<Operation[]> {
  const path = `/operations?runtime_id=${runtimeId}`;
  return must(200, await developer().get<{ items: Operation[] }>(path)).items;
}
