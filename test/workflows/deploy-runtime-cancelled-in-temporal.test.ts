import { describe, expect, it } from 'vitest';
import { answer, type Behaviour, doneThen, fail, gate, hang } from '../fakes/activities.ts';
import { firstInstall, needsApproval, upgrade } from './deploy-input.ts';
import { useControlPlane } from './use-control-plane.ts';

const plane = useControlPlane();

describe('a deploy that is cancelled with Temporal’s own means', () => {
  it('writes down how it ended when admission had already been written', async () => {
    const deploy = plane.prepare(upgrade());
    const database = gate();
    deploy.world.always('admitDeployment', database.waits);
    const starting = deploy.start({ workflowTaskTimeout: '2s' });
    await deploy.untilCalled('admitDeployment');
    await deploy.handle().cancel();
    expect(await deploy.state()).toMatchObject({ stage: 'checking_policy' });
    database.open();

    await starting;
    expect(await deploy.result()).toMatchObject({ outcome: 'cancelled' });
    expect(deploy.world.touched()).toEqual([]);
    expect(deploy.world.outcome()).toMatchObject({ outcome: 'cancelled', leaves: 'previous' });
  });

  it('still writes down the decision that came just before, and answers it', async () => {
    const deploy = plane.prepare(needsApproval({ quorum: 2 }));
    await deploy.start({ workflowTaskTimeout: '2s' });
    const approvalId = 'apr_1';
    await deploy.until('awaiting_approval');
    const database = gate();
    deploy.world.always('recordDecision', database.waits);
    const deciding = deploy.decide({ approvalId });
    await deploy.untilCalled('recordDecision');
    await deploy.handle().cancel();
    await deploy.until('finished');
    database.open();

    expect(await deciding).toEqual({ status: 'open' });
    expect(await deploy.result()).toMatchObject({ outcome: 'cancelled' });
    expect(deploy.world.decisions).toHaveLength(1);
  });

  it('stops waiting for an approval', async () => {
    const deploy = plane.prepare(needsApproval());
    await deploy.start();
    await deploy.until('awaiting_approval');
    await deploy.handle().cancel();

    expect(await deploy.result()).toMatchObject({
      outcome: 'cancelled',
      message: 'cancelled in Temporal; nothing was changed',
    });
    expect(deploy.world.outcome()).toMatchObject({ approvalStatus: 'cancelled' });
  });

  it('changes nothing while it is being prepared', async () => {
    const deploy = await running('planRelease', hang());
    await deploy.handle().cancel();

    expect(await deploy.result()).toMatchObject({ outcome: 'cancelled' });
    expect(deploy.world.touched()).toEqual(['planRelease']);
  });

  it.each([
    ['applied', 'installRelease', doneThen<'installRelease'>(hang())],
    ['verified', 'awaitRollout', hang()],
  ] as const)('puts back what was changed while it is %s', async (_name, activity, behaviour) => {
    const deploy = await running(activity, behaviour);
    await deploy.handle().cancel();

    expect(await deploy.result()).toMatchObject({
      outcome: 'cancelled',
      message: 'cancelled in Temporal; back on revision 4 (2 of 2 pods ready)',
    });
    expect(deploy.world.outcome()).toMatchObject({ leaves: 'previous', restoredRevision: 6 });
  });

  it('does not stop on its way back', async () => {
    const deploy = plane.prepare(upgrade());
    const way = gate();
    deploy.world
      .next('installRelease', doneThen(fail('helm_failed', 'no')))
      .next('rollbackRelease', way.waits);
    await deploy.start();
    await deploy.untilCalled('rollbackRelease');
    await deploy.handle().cancel();
    way.open();

    expect(await deploy.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(deploy.world.outcome()).toMatchObject({ restoredRevision: 6 });
  });

  it('goes on waiting for the person it has asked, and does what the person says', async () => {
    const deploy = plane.prepare(firstInstall());
    const blind = { status: 'inconclusive', reason: 'blind', ready_pods: 0, total_pods: 0 } as const;
    deploy.world.next('awaitRollout', answer(blind));
    await deploy.start();
    await deploy.until('needs_attention');
    await deploy.handle().cancel();
    expect(await deploy.state()).toMatchObject({ stage: 'needs_attention' });

    await deploy.resolve('accept', { comment: 'it answers' });

    expect(await deploy.result()).toMatchObject({ outcome: 'succeeded' });
  });
});

async function running<N extends 'planRelease' | 'installRelease' | 'awaitRollout'>(
  activity: N,
  behaviour: Behaviour<N>,
) {
  const deploy = plane.prepare(upgrade(), { verification: { timeout_seconds: 300, soak_seconds: 10 } });
  deploy.world.next(activity, behaviour);
  await deploy.start();
  await deploy.untilCalled(activity);
  return deploy;
}
