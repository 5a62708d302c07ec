import { describe, expect, it } from 'vitest';
import { consentWanted } from '../builders/verdict.ts';
import { answer, type Behaviour, deafGate, doneThen, fail, hang, stumble } from '../fakes/activities.ts';
import {
  admittedSteps,
  creating,
  deleting,
  restarting,
  scaling,
  snapshotting,
  starting,
  stopping,
} from './change-input.ts';
import { refusalOf } from './deploy.ts';
import { useControlPlane } from './use-control-plane.ts';

const plane = useControlPlane();
const failed = answer<'awaitStep'>({ status: 'failed', message: 'its pod cannot be pulled' });
const NO_CHANGES = { summary: { create: 0, update: 0, unchanged: 0, remove: 0 }, changes: [], base: {} };

/** Takes back what is asked, and makes this revision with it. */
const undoneBy =
  (revision: number): Behaviour<'undoStep'> =>
  async (_, usually) => ({ ...usually(), begun: { awaiting: {}, revision } });

describe('a change that works', () => {
  it('is tried out, carried out, watched and recorded, in this order', async () => {
    const change = plane.prepareChange(admittedSteps([stopping]), { kind: 'stop' });

    expect(await change.start()).toMatchObject({ operationId: change.input.operationId });

    expect(await change.result()).toMatchObject({ outcome: 'succeeded', message: 'stop: stop is true' });
    expect(change.world.touched()).toEqual(['planStep', 'carryOutStep', 'awaitStep']);
    expect(change.world.stages.map(({ stage }) => stage)).toEqual(['applying', 'verifying']);
    expect(change.world.stepsDone).toMatchObject([
      { done: { verb: 'stop' }, desired: { power: 'stopped' }, mark: change.input.operationId },
    ]);
    expect(change.world.outcome()).toMatchObject({ outcome: 'succeeded' });
  });

  it('goes step by step, each verified before the next is tried out', async () => {
    const change = plane.prepareChange(admittedSteps([scaling, snapshotting, restarting]), {
      kind: 'actions',
    });
    await change.start();

    expect(await change.result()).toMatchObject({ outcome: 'succeeded' });
    const one = ['planStep', 'carryOutStep', 'awaitStep'];
    expect(change.world.touched()).toEqual([...one, ...one, ...one]);
    const { operationId } = change.input;
    expect(change.world.stepsDone.map(({ mark }) => mark)).toEqual([
      operationId,
      `${operationId}.1`,
      `${operationId}.2`,
    ]);
  });

  it('outlives a cluster that stumbles', async () => {
    const change = plane.prepareChange(admittedSteps([starting]), { kind: 'start' });
    change.world
      .next('carryOutStep', stumble('cluster_unreachable', 'connection refused'))
      .next('awaitStep', stumble('cluster_unreachable', 'connection refused'));
    await change.start();

    expect(await change.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('tells the next step which revision the one before it made', async () => {
    const change = plane.prepareChange(admittedSteps([scaling, restarting], { knownRevision: 3 }), {
      kind: 'actions',
    });
    change.world.next('carryOutStep', answer({ awaiting: {}, revision: 4 }));
    await change.start();
    await change.result();

    expect(change.world.inputsOf('planStep').map(step => step.knownRevision)).toEqual([3, 4]);
  });
});

describe('a step that does not work', () => {
  it('is taken back, and that is awaited too', async () => {
    const change = plane.prepareChange(admittedSteps([scaling]), { kind: 'scale' });
    change.world.next('awaitStep', failed);
    await change.start();

    expect(await change.result()).toMatchObject({
      outcome: 'rolled_back',
      message: 'its pod cannot be pulled; what was before is back',
    });
    expect(change.world.touched()).toEqual([
      'planStep',
      'carryOutStep',
      'awaitStep',
      'undoStep',
      'awaitStep',
    ]);
    expect(change.world.inputsOf('awaitStep')[1]?.step.desired).toEqual(scaling.before);
    expect(change.world.stepsDone).toMatchObject([
      { done: 'undone', desired: scaling.before, removed: false },
    ]);
  });

  it('removes what a create has left', async () => {
    const change = plane.prepareChange(admittedSteps([creating]), { kind: 'create' });
    change.world.next('awaitStep', failed);
    await change.start();

    expect(await change.result()).toMatchObject({
      outcome: 'failed',
      message: 'its pod cannot be pulled; what was created was removed',
    });
    expect(change.world.outcome()).toMatchObject({ leaves: 'nothing' });
  });

  it('ends the list: those before it stay, those after it are skipped', async () => {
    const change = plane.prepareChange(admittedSteps([scaling, snapshotting, restarting]), {
      kind: 'actions',
    });
    change.world.next('carryOutStep', answer({ awaiting: {} }), fail('snapshot_failed', 'no class for it'));
    await change.start();

    expect(await change.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(change.world.outcome()).toMatchObject({
      error: { code: 'snapshot_failed' },
      change: {
        steps: [{ status: 'succeeded' }, { status: 'undone' }, { status: 'skipped', started_at: null }],
      },
    });
    expect(change.world.inputsOf('undoStep').map(({ step }) => step.index)).toEqual([1]);
  });

  it('whose plan is refused leaves those before it as they are, and says so', async () => {
    const change = plane.prepareChange(admittedSteps([scaling, snapshotting]), { kind: 'actions' });
    change.world.next('planStep', answer(NO_CHANGES), fail('snapshot_failed', 'no class for it'));
    await change.start();

    expect(await change.result()).toMatchObject({
      outcome: 'failed',
      message: 'no class for it; what was done before it stays',
    });
    expect(change.world.outcome()).toMatchObject({
      change: { steps: [{ status: 'succeeded' }, { status: 'failed' }] },
    });
  });

  it('leaves the revisions it made known although the way back failed', async () => {
    const change = plane.prepareChange(admittedSteps([scaling], { knownRevision: 4 }), { kind: 'scale' });
    change.world
      .next('carryOutStep', answer({ awaiting: {}, revision: 5 }))
      .next('undoStep', undoneBy(6))
      .next('awaitStep', failed, failed);
    await change.start();
    await change.until('needs_attention');
    await change.resolve('abandon');
    await change.result();

    expect(change.world.stages.map(({ stage, revision }) => [stage, revision])).toEqual([
      ['applying', undefined],
      ['verifying', 5],
      ['rolling_back', undefined],
      ['needs_attention', 6],
    ]);
  });

  it('that is never reached is taken back when its time is up', async () => {
    const change = plane.prepareChange(admittedSteps([starting], { stepTimeoutSeconds: 1 }), {
      kind: 'start',
    });
    change.world.next('awaitStep', answer({ status: 'progressing', message: '0 of 1 pods are ready' }));
    await change.start();

    expect(await change.result()).toMatchObject({
      outcome: 'rolled_back',
      message: expect.stringContaining('not reached within 1 s: 0 of 1 pods are ready'),
    });
    expect(change.world.outcome()).toMatchObject({ error: { code: 'verification_failed' } });
  });

  it('changes nothing when its plan is refused', async () => {
    const change = plane.prepareChange(admittedSteps([scaling]), { kind: 'scale' });
    change.world.next('planStep', fail('gpu_unavailable', 'no node has an A10'));
    await change.start();

    expect(await change.result()).toMatchObject({
      outcome: 'failed',
      message: 'no node has an A10; nothing was changed',
    });
    expect(change.world.touched()).toEqual(['planStep']);
    expect(change.world.outcome()).toMatchObject({ change: { steps: [{ status: 'skipped' }] } });
  });

  it('waits for a person when the way back fails, and goes back again when told to', async () => {
    const change = plane.prepareChange(admittedSteps([scaling]), { kind: 'scale' });
    change.world.next('awaitStep', failed).next('undoStep', fail('cluster_refused', 'the webhook says no'));
    await change.start();

    expect(await change.until('needs_attention')).toMatchObject({
      waitsFor: expect.stringContaining('retry'),
    });
    await change.resolve('retry');

    expect(await change.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(change.world.inputsOf('undoStep')).toHaveLength(2);
  });

  it('is left as it is when a person gives it up', async () => {
    const change = plane.prepareChange(admittedSteps([scaling]), { kind: 'scale' });
    change.world.next('awaitStep', failed).always('undoStep', fail('cluster_refused', 'the webhook says no'));
    await change.start();
    await change.until('needs_attention');
    await change.resolve('abandon');

    expect(await change.result()).toMatchObject({
      outcome: 'abandoned',
      message: expect.stringContaining('olga'),
    });
  });
});

describe('a deletion', () => {
  it('that does not end waits for a person, and is never taken back', async () => {
    const change = plane.prepareChange(admittedSteps([deleting]), { kind: 'delete' });
    change.world.next('awaitStep', answer({ status: 'failed', message: 'a finalizer holds it' }));
    await change.start();
    await change.until('needs_attention');
    await change.resolve('retry');

    expect(await change.result()).toMatchObject({ outcome: 'succeeded' });
    expect(change.world.touched()).not.toContain('undoStep');
    expect(change.world.inputsOf('carryOutStep')).toHaveLength(2);
  });

  it('cannot be stopped once it has begun', async () => {
    const change = plane.prepareChange(admittedSteps([deleting]), { kind: 'delete' });
    change.world.next('awaitStep', hang());
    await change.start();
    await change.untilCalled('awaitStep');

    expect(await refusalOf(change.cancel())).toMatchObject({
      code: 'cannot_cancel_now',
      message: 'a deletion that has begun cannot be stopped',
    });
  });
});

describe('cancelling', () => {
  it('before anything is carried out changes nothing', async () => {
    const change = plane.prepareChange(admittedSteps([scaling]), { kind: 'scale' });
    change.world.next('planStep', hang());
    await change.start();
    await change.untilCalled('planStep');
    await change.cancel({ reason: 'wrong size' });

    expect(await change.result()).toMatchObject({
      outcome: 'cancelled',
      message: 'cancelled by olga: wrong size; nothing was changed',
    });
    expect(change.world.touched()).toEqual(['planStep']);
  });

  it('while the plan is on its way carries nothing out, although the plan ends well', async () => {
    const change = plane.prepareChange(admittedSteps([deleting]), { kind: 'delete' });
    const plan = deafGate();
    change.world.next('planStep', plan.waits);
    await change.start();
    await change.untilCalled('planStep');
    await change.cancel();
    plan.open();

    expect(await change.result()).toMatchObject({
      outcome: 'cancelled',
      message: 'cancelled by olga; nothing was changed',
    });
    expect(change.world.touched()).toEqual(['planStep']);
  });

  it('between two steps keeps the first and skips the second', async () => {
    const change = plane.prepareChange(admittedSteps([scaling, restarting]), { kind: 'actions' });
    const plan = deafGate();
    change.world.next('planStep', answer(NO_CHANGES), plan.waits);
    await change.start();
    await change.untilCalled('planStep', 2);
    await change.cancel();
    plan.open();

    expect(await change.result()).toMatchObject({
      outcome: 'cancelled',
      message: 'cancelled by olga; what was done before it stays',
    });
    expect(change.world.touched()).toEqual(['planStep', 'carryOutStep', 'awaitStep', 'planStep']);
    expect(change.world.outcome()).toMatchObject({
      change: { steps: [{ status: 'succeeded' }, { status: 'skipped', started_at: null }] },
    });
  });

  it('is refused once every step has come true, while that is still being written down', async () => {
    const change = plane.prepareChange(admittedSteps([scaling]), { kind: 'scale' });
    const record = deafGate();
    change.world.next('recordStepDone', record.waits);
    await change.start({ workflowTaskTimeout: '2s' });
    await change.untilCalled('recordStepDone');

    expect(await refusalOf(change.cancel())).toEqual({
      code: 'cannot_cancel_now',
      message: 'every step has come true already',
    });
    record.open();
    expect(await change.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('is not what an operation ended with whose way back failed and was left by a person', async () => {
    const change = plane.prepareChange(admittedSteps([scaling]), { kind: 'scale' });
    change.world.next('awaitStep', hang()).always('undoStep', fail('cluster_refused', 'the webhook says no'));
    await change.start();
    await change.untilCalled('awaitStep');
    await change.cancel();
    await change.until('needs_attention');
    await change.resolve('abandon');

    expect(await change.result()).toMatchObject({ outcome: 'abandoned' });
    expect(change.world.outcome()).toMatchObject({
      error: { code: 'rollback_failed', message: 'the webhook says no' },
    });
  });

  it('in the middle takes the step back and skips the rest', async () => {
    const change = plane.prepareChange(admittedSteps([scaling, restarting]), { kind: 'actions' });
    change.world.next('carryOutStep', doneThen(hang()));
    await change.start();
    await change.untilCalled('carryOutStep');
    await change.cancel();

    expect(await change.result()).toMatchObject({ outcome: 'cancelled' });
    expect(change.world.touched()).toEqual(['planStep', 'carryOutStep', 'undoStep', 'awaitStep']);
    expect(change.world.outcome()).toMatchObject({
      change: { steps: [{ status: 'undone' }, { status: 'skipped' }] },
    });
  });
});

describe('an approval', () => {
  const guarded = (expiresInSeconds = 3600) =>
    admittedSteps([scaling], {
      policy: consentWanted({ reason: 'scaling needs an approval', expiresInSeconds }),
    });

  it('is awaited once it was tried out, and it is tried out again before anything is done', async () => {
    const change = plane.prepareChange(guarded(), { kind: 'scale' });
    await change.start();
    await change.until('awaiting_approval');
    expect(change.world.touched()).toEqual(['planStep']);
    await change.decide({ approvalId: 'apr_1' });
    await change.until('finished');
    expect(change.world.touched()).toEqual(['planStep', 'planStep', 'carryOutStep', 'awaitStep']);

    expect(await change.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('that is refused changes nothing', async () => {
    const change = plane.prepareChange(guarded(), { kind: 'scale' });
    await change.start();
    await change.until('awaiting_approval');
    await change.decide({ approvalId: 'apr_1', decision: 'reject', comment: 'too dear' });

    expect(await change.result()).toMatchObject({
      outcome: 'rejected',
      message: 'rejected by abel: too dear',
    });
    expect(change.world.touched()).toEqual(['planStep']);
  });

  it('that nobody gives expires', async () => {
    const change = plane.prepareChange(guarded(0.5), { kind: 'scale' });
    await change.start();

    expect(await change.result()).toMatchObject({ outcome: 'expired' });
    expect(change.world.outcome()).toMatchObject({ approvalStatus: 'expired' });
  });
});

it('a refusal reaches the caller with its code', async () => {
  const change = plane.prepareChange({ admitted: false, code: 'wrong_state', reason: 'it is stopped' });

  expect(await refusalOf(change.start())).toEqual({ code: 'wrong_state', message: 'it is stopped' });
  expect(await change.result()).toMatchObject({ outcome: 'rejected' });
});
