import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listEvents } from '../db/events.ts';
import { beat } from '../db/health.ts';
import { findOperation } from '../db/operations.ts';
import { setProjectQuota } from '../db/projects.ts';
import { findRuntime, listRuntimes } from '../db/runtimes.ts';
import { listSnapshots } from '../db/snapshots.ts';
import { setPolicies } from '../db/tenants.ts';
import { newId } from '../domain/ids.ts';
import { type ChangeAsked, RecordedChanges } from '../test/recorded-changes.ts';
import { RecordedDeploys } from '../test/recorded-deploys.ts';
import { nextDeploy, type TwoTenants, twoTenants } from '../test/tenants.ts';

let two: TwoTenants;
let changes: RecordedChanges;
beforeAll(async () => {
  two = await twoTenants();
  changes = await RecordedChanges.of(two);
  await beat(two.db, 0);
});
afterAll(() => two.close());

const runtimeOf = async ({ runtimeId }: Pick<ChangeAsked, 'runtimeId'>) => {
  const runtime = await findRuntime(changes.sql, { runtimeId, maxAgeSeconds: 15 });
  if (!runtime) throw new Error(`No runtime ${runtimeId}`);
  return runtime;
};
const eventsOf = ({ runtimeId }: ChangeAsked) => listEvents(changes.sql, { runtimeId, limit: 100 });
const on = (
  first: ChangeAsked,
  wishes: Parameters<RecordedChanges['asked']>[0],
  more: Partial<ChangeAsked> = {},
) => changes.asked(wishes, { runtimeId: first.runtimeId, ...more });

test('while a list of steps is under way, the dearest of what it makes of the runtime is what budgets count', async () => {
  const first = await changes.running();
  const scales = (['xlarge', 'small'] as const).map(size => ({ verb: 'scale', to: { size } }) as const);
  await changes.admitted(changes.asked(scales, { runtimeId: first.runtimeId }));
  const row = await changes.sql
    .selectFrom('runtimes')
    .select('asked_footprint')
    .where('id', '=', first.runtimeId)
    .executeTakeFirst();
  expect(row?.asked_footprint).toMatchObject({ size: 'xlarge' });
});

describe('admitChange', () => {
  test('writes runtime, operation and first event of a creation', async () => {
    const asked = changes.creation({ name: 'box' });
    expect(await changes.admitted(asked)).toMatchObject({
      target: { namespace: 'rtai-globex--default', type: 'sandbox', backend: 'sandbox', runtimeName: 'box' },
      steps: [{ change: { verb: 'create' }, before: null, desired: { power: 'running' } }],
    });
    expect(await runtimeOf(asked)).toMatchObject({
      state: 'creating',
      type: 'sandbox',
      spec: { size: 'small' },
    });
    expect(await findOperation(changes.sql, asked.operationId)).toMatchObject({
      kind: 'create',
      status: 'running',
      steps: [{ verb: 'create', status: 'pending' }],
    });
    expect(await eventsOf(asked)).toMatchObject([
      { type: 'lifecycle.create.preparing', principal: 'prn_ada' },
    ]);
  });

  test('answers the same again when it is asked again', async () => {
    const asked = changes.creation();
    const first = await changes.admitted(asked);
    expect(await changes.admitted(asked)).toEqual(first);
    expect(await eventsOf(asked)).toHaveLength(1);
  });

  test('lets each step begin where the one before it ends', async () => {
    const first = await changes.running();
    const { steps } = await changes.admitted(
      on(first, [
        { verb: 'scale', to: { size: 'large' } },
        { verb: 'stop', force: false },
        { verb: 'start' },
      ]),
    );
    expect(steps.map(({ before, desired }) => [before?.spec.size, desired.spec.size, desired.power])).toEqual(
      [
        ['small', 'large', 'running'],
        ['large', 'large', 'stopped'],
        ['large', 'large', 'running'],
      ],
    );
  });

  test.each([
    ['a kind the cluster lacks', { type: 'vm' }, 'kind_unavailable', 'install KubeVirt'],
    ['an adapter nobody registered', { spec: { backend: 'zfs' } }, 'kind_unavailable', 'adapter zfs'],
    ['more than the quota has', { spec: { resources: { cpu: 64 } } }, 'quota_exceeded', 'CPU cores'],
  ] as const)('refuses %s', async (_, create, code, words) => {
    const asked = changes.creation(create);
    expect(await changes.refused(asked)).toMatchObject({ code, reason: expect.stringContaining(words) });
    expect(await findOperation(changes.sql, asked.operationId)).toBeUndefined();
  });

  test('refuses a name that is taken, and lets it be taken again once its runtime is deleted', async () => {
    const first = await changes.running({ name: 'mine' });
    expect(await changes.refused(changes.creation({ name: 'mine' }))).toMatchObject({ code: 'name_taken' });
    const deletion = on(first, [{ verb: 'delete' }], { kind: 'delete' });
    await changes.done(deletion, await changes.admitted(deletion));
    await changes.admitted(changes.creation({ name: 'mine' }));
  });

  test.each([
    ['what the kind cannot do', { verb: 'migrate' }, 'capability_not_supported'],
    ['a scale to nothing', { verb: 'scale', to: {} }, 'change_impossible'],
    ['a scale to 0', { verb: 'scale', to: { resources: { replicas: 0 } } }, 'change_impossible'],
    ['a snapshot that is not there', { verb: 'restore', snapshot: 'nope' }, 'snapshot_not_found'],
  ] as const)('refuses %s', async (_, wish, code) => {
    expect(await changes.refused(on(await changes.running(), [wish]))).toMatchObject({ code });
  });

  test('refuses to restart what is stopped, also when it is stopped by an earlier action of the list', async () => {
    const first = await changes.running();
    const refusal = await changes.refused(on(first, [{ verb: 'stop', force: false }, { verb: 'restart' }]));
    expect(refusal).toMatchObject({ code: 'wrong_state', reason: expect.stringContaining('Action 2') });
  });

  test('refuses everything for a runtime that is deleted, and keeps its history', async () => {
    const first = await changes.running();
    const deletion = on(first, [{ verb: 'delete' }], { kind: 'delete' });
    await changes.done(deletion, await changes.admitted(deletion));
    expect(await runtimeOf(first)).toMatchObject({ state: 'deleted' });
    for (const wish of [{ verb: 'start' }, { verb: 'delete' }] as const)
      expect(await changes.refused(on(first, [wish]))).toMatchObject({ code: 'runtime_deleted' });
    expect((await eventsOf(first)).map(({ type }) => type)).toContain('lifecycle.delete');
  });

  test('refuses a version that is not the current one', async () => {
    const first = await changes.running();
    expect(await changes.refused(on(first, [{ verb: 'start' }], { ifVersions: [1] }))).toMatchObject({
      code: 'precondition_failed',
    });
    await changes.admitted(on(first, [{ verb: 'start' }], { ifVersions: [1, 2] }));
  });

  test('gives every step to the policies, and writes down a denial', async () => {
    const first = await changes.running();
    await setPolicies(two.owner, {
      tenantId: 'globex',
      policies: [
        {
          name: 'careful',
          rules: [
            { kind: 'allow_action', selector: {} },
            { kind: 'deny_action', selector: { action: 'lifecycle.stop' }, reason: 'never stops' },
            {
              kind: 'require_approval',
              selector: { action: 'lifecycle.scale' },
              params: { quorum: 2, expires_in_seconds: 60 },
            },
          ],
        },
      ],
    });
    const stop = on(first, [
      { verb: 'scale', to: { size: 'large' } },
      { verb: 'stop', force: false },
    ]);
    expect(await changes.refused(stop)).toMatchObject({ code: 'policy_denied' });
    expect(await findOperation(changes.sql, stop.operationId)).toMatchObject({
      outcome: 'rejected',
      kind: 'actions',
    });
    expect(await changes.admitted(on(first, [{ verb: 'scale', to: { size: 'large' } }]))).toMatchObject({
      policy: { answer: 'require_approval', demands: [{ quorum: 2 }] },
    });
    await setPolicies(two.owner, {
      tenantId: 'globex',
      policies: [{ name: 'open', rules: [{ kind: 'allow_action', selector: {} }] }],
    });
  });

  test('lets a runtime do with less than it has although the quota was lowered', async () => {
    const first = await changes.running({ project: 'small', spec: { size: 'large' } });
    const quota = { cpu: 0.1, memoryMiB: 64, pods: 1, storageGiB: 0 };
    await two.owner.inTenant('globex', db => setProjectQuota(db, { name: 'small', quota }));
    await changes.admitted(on(first, [{ verb: 'scale', to: { size: 'small' } }]));
  });
});

describe('recordStepDone', () => {
  test('makes the runtime what the step made it, and counts its version', async () => {
    const first = await changes.running();
    const stop = on(first, [
      { verb: 'scale', to: { size: 'large' } },
      { verb: 'stop', force: false },
    ]);
    await changes.done(stop, await changes.admitted(stop));
    expect(await runtimeOf(first)).toMatchObject({
      state: 'stopped',
      power: 'stopped',
      spec: { size: 'large' },
    });
    expect(await findOperation(changes.sql, stop.operationId)).toMatchObject({
      status: 'succeeded',
      steps: [{ status: 'succeeded' }, { status: 'succeeded' }],
    });
  });

  test('keeps a snapshot with what is in it, under a name nobody else of the runtime may take', async () => {
    const first = await changes.running();
    const take = () => on(first, [{ verb: 'snapshot', snapshot: { id: newId('snapshot'), name: 'one' } }]);
    const taken = take();
    await changes.done(taken, await changes.admitted(taken));
    const { items } = await listSnapshots(changes.sql, { runtimeId: first.runtimeId, pageSize: 10 });
    expect(items).toMatchObject([{ name: 'one', status: 'ready', contents: ['its volume'] }]);
    expect(await changes.refused(take())).toMatchObject({ code: 'snapshot_name_taken' });
    expect(await changes.admitted(on(first, [{ verb: 'restore', snapshot: 'one' }]))).toMatchObject({
      steps: [{ change: { verb: 'restore', snapshot: { ref: { name: 's' } } } }],
    });
    const other = await changes.running();
    const [snapshot] = items;
    expect(
      await changes.refused(on(other, [{ verb: 'restore', snapshot: snapshot?.id ?? '' }])),
    ).toMatchObject({
      code: 'snapshot_not_found',
    });
  });

  test('a revision it made becomes the newest known one, and what a rollback goes back to', async () => {
    const deploys = new RecordedDeploys(two);
    const deploy = await deploys.installed({ tenantId: 'globex' });
    const scaled = { ...deploy, kind: 'scale' as const };
    const note = {
      subject: 'lifecycle.scale',
      verb: 'scale',
      kind: 'scale',
      type: 'agent_runtime',
      by: 'Ada',
      steps: [],
    } as const;
    await two.db
      .forTenant('globex')
      .updateTable('operations')
      .set({ outcome: null })
      .where('id', '=', deploy.operationId)
      .execute();
    await changes.records.recordStepDone({
      tenantId: 'globex',
      runtimeId: scaled.runtimeId,
      operationId: scaled.operationId,
      step: 100,
      message: 'scaled',
      done: { verb: 'scale' },
      desired: { spec: { agent: { ...deploy.agent, replicas: 5 } }, power: 'running' },
      mark: 'op_mark',
      revision: 2,
      change: note,
    });
    const row = await changes.sql
      .selectFrom('runtimes')
      .select(['known_revision', 'verified_revision', 'verified_operation_id', 'pods'])
      .where('id', '=', deploy.runtimeId)
      .executeTakeFirst();
    expect(row).toEqual({
      known_revision: 2,
      verified_revision: 2,
      verified_operation_id: 'op_mark',
      pods: 5,
    });
  });

  describe('of an agent', () => {
    const deployed = async () => {
      const deploys = new RecordedDeploys(two);
      const deploy = await deploys.installed({ tenantId: 'globex' });
      const bad = nextDeploy(deploy, {
        agent: { ...deploy.agent, image: 'runtimeai.dev/sample-agent:2.0.0' },
      });
      return { deploys, deploy, bad };
    };
    const stepOn = async (
      deploy: Pick<ChangeAsked, 'runtimeId'>,
      wish: Parameters<RecordedChanges['asked']>[0][number],
      revision: number,
    ) => {
      const asked = changes.asked([wish], { runtimeId: deploy.runtimeId });
      await changes.done(asked, await changes.admitted(asked), { revision });
      return asked;
    };
    const backOn = { outcome: 'rolled_back', message: 'bad', verified: false, leaves: 'previous' } as const;
    const rowOf = ({ runtimeId }: Pick<ChangeAsked, 'runtimeId'>) =>
      changes.sql
        .selectFrom('runtimes')
        .select(['known_revision', 'verified_revision', 'verified_operation_id', 'pods', 'power'])
        .where('id', '=', runtimeId)
        .executeTakeFirst();

    test('a deploy that is rolled back brings back what the change had made of it, also in the records', async () => {
      const { deploys, deploy, bad } = await deployed();
      const scale = await stepOn(deploy, { verb: 'scale', to: { resources: { replicas: 5 } } }, 2);
      expect((await deploys.admitted(bad)).verified).toMatchObject({
        revision: 2,
        operationId: scale.operationId,
      });
      await deploys.ended(bad, { ...backOn, revision: 3, restoredRevision: 4 });
      expect(await runtimeOf(deploy)).toMatchObject({ power: 'running', spec: { agent: { replicas: 5 } } });
      expect(await rowOf(deploy)).toMatchObject({
        known_revision: 4,
        verified_revision: 4,
        verified_operation_id: scale.operationId,
        pods: 5,
      });
    });

    test('a deploy over a stopped agent that is rolled back leaves it stopped', async () => {
      const { deploys, deploy, bad } = await deployed();
      await stepOn(deploy, { verb: 'stop', force: false }, 2);
      await deploys.admitted(bad);
      await deploys.ended(bad, { ...backOn, revision: 3, restoredRevision: 4 });
      expect(await runtimeOf(deploy)).toMatchObject({ power: 'stopped', spec: { agent: deploy.agent } });
    });

    test('a deploy that succeeds is what a later rollback brings back again', async () => {
      const { deploys, deploy, bad } = await deployed();
      await stepOn(deploy, { verb: 'scale', to: { resources: { replicas: 5 } } }, 2);
      const good = nextDeploy(deploy, { agent: { ...deploy.agent, replicas: 3 } });
      await deploys.admitted(good);
      await deploys.ended(good, { revision: 3 });
      await deploys.admitted(bad);
      await deploys.ended(bad, { ...backOn, revision: 4, restoredRevision: 5 });
      expect(await runtimeOf(deploy)).toMatchObject({ spec: { agent: { replicas: 3 } } });
    });

    test('a step that is taken back gives the verified revision the mark of before again', async () => {
      const { deploy } = await deployed();
      const scale = changes.asked([{ verb: 'scale', to: { resources: { replicas: 5 } } }], {
        runtimeId: deploy.runtimeId,
      });
      const { steps, verifiedOperationId } = await changes.admitted(scale);
      expect(verifiedOperationId).toBe(deploy.operationId);
      const [step] = steps;
      if (!step?.before || !verifiedOperationId) throw new Error('The scale has nothing to go back to.');
      const { tenantId, runtimeId, operationId } = scale;
      const key = { tenantId, runtimeId, operationId };
      const note = { kind: 'scale', verb: 'scale', type: 'agent_runtime', by: 'Ada', steps: [] } as const;
      const change = { ...note, subject: 'lifecycle.scale' };
      const { records } = changes;
      const done = { message: 'done', done: step.change, desired: step.desired, mark: operationId, change };
      await records.recordStepDone({ ...key, step: 1, revision: 2, ...done });
      const undone = { message: 'undone', done: 'undone', desired: step.before, change } as const;
      await records.recordStepDone({ ...key, step: 2, revision: 3, ...undone, mark: verifiedOperationId });
      expect(await rowOf(deploy)).toMatchObject({
        known_revision: 3,
        verified_revision: 3,
        verified_operation_id: deploy.operationId,
        pods: deploy.agent.replicas,
      });
    });
  });

  test('the observer can be taken off and put back', async () => {
    const first = await changes.running();
    const detach = on(first, [{ verb: 'detach_observer' }]);
    await changes.done(detach, await changes.admitted(detach));
    const row = () =>
      changes.sql
        .selectFrom('runtimes')
        .select('observer_detached')
        .where('id', '=', first.runtimeId)
        .executeTakeFirst();
    expect(await row()).toMatchObject({ observer_detached: { by: 'Ada' } });
    const attach = on(first, [{ verb: 'attach_observer' }]);
    await changes.done(attach, await changes.admitted(attach));
    expect(await row()).toEqual({ observer_detached: null });
  });
});

test('a deleted runtime is listed only when deleted ones are asked for', async () => {
  const first = await changes.running({ project: 'gone' });
  const deletion = on(first, [{ verb: 'delete' }], { kind: 'delete' });
  await changes.done(deletion, await changes.admitted(deletion));
  const list = (filter: object) =>
    listRuntimes(changes.sql, { filter: { project: 'gone', ...filter }, maxAgeSeconds: 15, pageSize: 10 });
  expect((await list({})).items).toEqual([]);
  expect((await list({ state: 'deleted' })).items).toMatchObject([{ id: first.runtimeId, state: 'deleted' }]);
});
