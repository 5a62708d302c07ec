import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { answer, type Behaviour, doneThen, fail, gate, hang } from '../fakes/activities.ts';
import { refusalOf } from './deploy.ts';
import { firstInstall, needsApproval, upgrade } from './deploy-input.ts';
import { useControlPlane } from './use-control-plane.ts';

const plane = useControlPlane();

describe('cancel before anything is applied', () => {
  it('lets nothing begin when admission is still being written', async () => {
    const deploy = plane.prepare(upgrade());
    const database = gate();
    deploy.world.always('admitDeployment', database.waits);
    const starting = deploy.start({ workflowTaskTimeout: '2s' });
    await deploy.untilCalled('admitDeployment');

    expect(await deploy.cancel()).toEqual({ stage: 'checking_policy' });
    database.open();

    await starting;
    expect(await deploy.result()).toMatchObject({ outcome: 'cancelled' });
    expect(deploy.world.touched()).toEqual([]);
  });

  it('closes the approval that is waited for', async () => {
    const deploy = plane.prepare(needsApproval());
    await deploy.start();
    await deploy.until('awaiting_approval');

    expect(await deploy.cancel({ reason: 'wrong version' })).toEqual({ stage: 'awaiting_approval' });

    expect(await deploy.result()).toMatchObject({
      outcome: 'cancelled',
      message: 'cancelled by olga: wrong version; nothing was changed',
    });
    expect(deploy.world.touched()).toEqual(['planRelease']);
    expect(deploy.world.outcome()).toMatchObject({ approvalStatus: 'cancelled', leaves: 'previous' });
  });

  it('changes nothing while it is planned', async () => {
    const deploy = plane.prepare(firstInstall());
    deploy.world.next('planRelease', hang());
    await deploy.start();
    await deploy.untilCalled('planRelease');

    expect(await deploy.cancel()).toEqual({ stage: 'preparing' });

    expect(await deploy.result()).toMatchObject({
      outcome: 'cancelled',
      message: 'cancelled by olga; nothing was changed',
    });
    expect(deploy.world.touched()).toEqual(['planRelease']);
    expect(deploy.world.outcome()).toMatchObject({ leaves: 'nothing' });
    expect(deploy.world.outcome()).not.toHaveProperty('error');
  });
});

describe('cancel while a change is applied', () => {
  it('waits until helm has stopped before it looks at what helm left, and puts that back', async () => {
    const deploy = await applying(upgrade(), changesBeforeItStops);

    expect(await deploy.cancel()).toEqual({ stage: 'applying' });

    expect(await deploy.result()).toMatchObject({
      outcome: 'cancelled',
      message: 'cancelled by olga; back on revision 4 (2 of 2 pods ready)',
    });
    expect(deploy.world.touched().slice(1)).toEqual([
      'installRelease',
      'readRelease',
      'rollbackRelease',
      'awaitRollout',
    ]);
    expect(deploy.world.outcome()).toMatchObject({ revision: 5, restoredRevision: 6, leaves: 'previous' });
  });

  it('does not hold the runtime: a person wanted this', async () => {
    const deploy = await applying(upgrade(), changesBeforeItStops);
    await deploy.cancel();
    await deploy.result();

    expect(deploy.world.outcome()).not.toHaveProperty('hold');
    expect(deploy.world.outcome()).not.toHaveProperty('error');
  });

  it('has nothing to put back when helm had not begun', async () => {
    const deploy = await applying(upgrade(), hang());
    await deploy.cancel();

    expect(await deploy.result()).toMatchObject({
      outcome: 'cancelled',
      message: 'cancelled by olga; nothing was changed',
    });
    expect(deploy.world.inputsOf('rollbackRelease')).toEqual([]);
  });

  it.each([
    [
      'helm dies of it with an error',
      doneThen<'installRelease'>(hang(fail('helm_failed', 'signal: terminated'))),
    ],
    ['helm is done all the same', hang(async (_input, usually) => usually())],
  ])('is a cancel, not a failure, when %s', async (_name, behaviour) => {
    const deploy = await applying(upgrade(), behaviour);
    await deploy.cancel();

    expect(await deploy.result()).toMatchObject({
      outcome: 'cancelled',
      message: 'cancelled by olga; back on revision 4 (2 of 2 pods ready)',
    });
    expect(deploy.world.outcome()).not.toHaveProperty('hold');
  });

  it('removes a first install', async () => {
    const deploy = await applying(firstInstall(), changesBeforeItStops);
    await deploy.cancel();

    expect(await deploy.result()).toMatchObject({ outcome: 'cancelled' });
    expect(deploy.world.revision).toBe(0);
    expect(deploy.world.outcome()).toMatchObject({ leaves: 'nothing' });
  });
});

describe('cancel while a change is verified', () => {
  it('puts back the last verified revision', async () => {
    const deploy = await verifying(hang());

    expect(await deploy.cancel()).toEqual({ stage: 'verifying' });

    expect(await deploy.result()).toMatchObject({
      outcome: 'cancelled',
      message: 'cancelled by olga; back on revision 4 (2 of 2 pods ready)',
    });
    expect(deploy.world.inputsOf('collectEvidence')).toEqual([]);
    expect(deploy.world.outcome()).toMatchObject({ leaves: 'previous' });
  });

  it('is not wedged by an observer that answers the cancellation with an error', async () => {
    const deploy = await verifying(hang(fail('Error', 'lost its watch')));
    await deploy.cancel();

    expect(await deploy.result()).toMatchObject({ outcome: 'cancelled' });
  });

  it('waits for a person when the way back does not work', async () => {
    const deploy = await verifying(hang());
    deploy.world.next('rollbackRelease', fail('helm_failed', 'no such revision'));
    await deploy.cancel();

    await deploy.until('needs_attention');
    await deploy.resolve('retry');
    expect(await deploy.result()).toMatchObject({ outcome: 'cancelled' });
  });
});

describe('cancel when it is too late', () => {
  it('is refused while things are put back, and they are put back', async () => {
    const deploy = plane.prepare(upgrade());
    const way = gate();
    deploy.world
      .next('installRelease', doneThen(fail('helm_failed', 'no')))
      .next('rollbackRelease', way.waits);
    await deploy.start();
    await deploy.untilCalled('rollbackRelease');

    expect(await refusalOf(deploy.cancel())).toEqual({
      code: 'cannot_cancel_now',
      message: 'an operation that is rolling_back cannot be cancelled',
    });

    way.open();
    expect(await deploy.result()).toMatchObject({ outcome: 'rolled_back' });
  });

  it('is refused while a person is asked', async () => {
    const deploy = plane.prepare(upgrade());
    const blind = { status: 'inconclusive', reason: 'blind', ready_pods: 0, total_pods: 0 } as const;
    deploy.world.next('awaitRollout', answer(blind));
    await deploy.start();
    await deploy.until('needs_attention');

    expect(await refusalOf(deploy.cancel())).toMatchObject({ code: 'cannot_cancel_now' });
    expect(await deploy.state()).toMatchObject({ stage: 'needs_attention' });
  });

  it('is refused a second time', async () => {
    const deploy = await applying(upgrade(), changesBeforeItStops);
    await deploy.cancel();

    expect(await refusalOf(deploy.cancel())).toMatchObject({
      code: 'cannot_cancel_now',
      message: 'the operation is already being cancelled',
    });
  });

  it('is refused when it is meant for another operation', async () => {
    const deploy = await applying(upgrade(), hang());

    expect(await refusalOf(deploy.cancel({ operationId: 'op_before' }))).toMatchObject({
      code: 'another_operation',
    });
    expect(await deploy.state()).toMatchObject({ stage: 'applying' });
  });

  it('finds nobody when the operation is over', async () => {
    const deploy = plane.prepare(upgrade());
    await deploy.start();
    await deploy.result();

    await expect(deploy.cancel()).rejects.toThrow(WorkflowNotFoundError);
  });
});

/** Told to stop, helm needs a moment, and by then it has made its revision. */
const changesBeforeItStops = hang(async (_input, usually) => {
  await delay(200);
  usually();
  throw new CancelledFailure('helm was terminated');
});

async function applying(admission: ReturnType<typeof upgrade>, install: Behaviour<'installRelease'>) {
  const deploy = plane.prepare(admission);
  deploy.world.next('installRelease', install);
  await deploy.start();
  await deploy.untilCalled('installRelease');
  return deploy;
}

async function verifying(awaitRollout: Behaviour<'awaitRollout'>) {
  const deploy = plane.prepare(upgrade(), { verification: { timeout_seconds: 300, soak_seconds: 10 } });
  deploy.world.next('awaitRollout', awaitRollout);
  await deploy.start();
  await deploy.untilCalled('awaitRollout');
  return deploy;
}
