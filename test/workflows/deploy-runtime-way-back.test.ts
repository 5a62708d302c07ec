import { describe, expect, it } from 'vitest';
import { answer, type Behaviour, doneThen, fail, gate, hang } from '../fakes/activities.ts';
import { refusalOf } from './deploy.ts';
import { firstInstall, upgrade } from './deploy-input.ts';
import { useControlPlane } from './use-control-plane.ts';

const plane = useControlPlane();
const unhealthy = {
  status: 'failed',
  reason: 'image cannot be pulled',
  ready_pods: 0,
  total_pods: 2,
} as const;

describe('a way back that does not work', () => {
  it('waits for a person, and says what was tried and what each answer will do', async () => {
    const deploy = await stuck();

    expect(await deploy.state()).toMatchObject({
      stage: 'needs_attention',
      waitsFor:
        'retry: go back again; accept: the cluster is as it shall be, leave it; abandon: give up and hold the runtime',
    });
    expect(deploy.world.stages.at(-1)).toMatchObject({
      severity: 'critical',
      message: 'the way back failed: another operation is in progress',
    });
    expect(deploy.world.outcomes).toEqual([]);
  });

  it('is gone again on retry', async () => {
    const deploy = await stuck();
    await deploy.resolve('retry');

    expect(await deploy.result()).toMatchObject({
      outcome: 'rolled_back',
      message: 'Helm said no; back on revision 4 (2 of 2 pods ready)',
    });
    expect(deploy.world.inputsOf('rollbackRelease')).toHaveLength(2);
    expect(deploy.world.inputsOf('collectEvidence')).toHaveLength(1);
  });

  it('is asked about again when the retry fails too', async () => {
    const deploy = await stuck();
    deploy.world.next('rollbackRelease', fail('helm_failed', 'still in progress'));
    await deploy.resolve('retry');
    await deploy.untilCalled('rollbackRelease', 2);
    await deploy.until('needs_attention');

    expect(deploy.world.stages.at(-1)).toMatchObject({ message: 'the way back failed: still in progress' });
    await deploy.resolve('retry');
    expect(await deploy.result()).toMatchObject({ outcome: 'rolled_back' });
  });

  it('ends as failed when the cluster was repaired by hand', async () => {
    const deploy = await stuck();
    await deploy.resolve('accept');

    expect(await deploy.result()).toMatchObject({
      outcome: 'failed',
      message: 'olga chose to accept: the way back failed: another operation is in progress',
    });
    expect(deploy.world.outcome()).toMatchObject({ error: { code: 'rollback_failed' }, leaves: 'new' });
    expect(deploy.world.outcome()).not.toHaveProperty('hold');
  });

  it('ends as abandoned when a person gives up, and holds the runtime', async () => {
    const deploy = await stuck();
    await deploy.resolve('abandon');

    expect(await deploy.result()).toMatchObject({ outcome: 'abandoned' });
    expect(deploy.world.outcome()).toMatchObject({
      hold: 'olga chose to abandon: the way back failed: another operation is in progress',
      leaves: 'new',
    });
  });

  it('cannot be cancelled, only resolved', async () => {
    const deploy = await stuck();

    expect(await refusalOf(deploy.cancel())).toMatchObject({ code: 'cannot_cancel_now' });
  });

  it('also waits when it cannot be seen what was changed', async () => {
    const deploy = await stuck({ readRelease: fail('release_unreadable', 'the Secret is damaged') });

    expect(deploy.world.inputsOf('rollbackRelease')).toEqual([]);
    expect(deploy.world.stages.at(-1)).toMatchObject({
      message: 'the way back failed: the Secret is damaged',
    });
  });

  it('also waits when a first install cannot be removed, and removes it on retry', async () => {
    const deploy = plane.prepare(firstInstall());
    deploy.world
      .next('installRelease', doneThen(fail('helm_failed', 'Helm said no')))
      .next('uninstallRelease', fail('helm_failed', 'a finalizer is in the way'));
    await deploy.start();
    await deploy.until('needs_attention');
    await deploy.resolve('retry');

    expect(await deploy.result()).toMatchObject({ outcome: 'failed' });
    expect(deploy.world.outcome()).toMatchObject({ leaves: 'nothing' });
    expect(deploy.world.revision).toBe(0);
  });
});

describe('a restored revision', () => {
  it('that is not healthy either needs a person', async () => {
    const deploy = await stuck({ rollbackRelease: usual, awaitRollout: answer(unhealthy) });

    expect(deploy.world.stages.at(-1)).toMatchObject({
      message: 'revision 4 is back but not healthy: image cannot be pulled',
      revision: 5,
    });

    await deploy.resolve('retry');
    expect(await deploy.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(deploy.world.outcome()).toMatchObject({ revision: 5 });
  });

  it('that is given up on is recorded with both revisions, so that the next plan knows them', async () => {
    const deploy = await stuck({ rollbackRelease: usual, awaitRollout: answer(unhealthy) });
    await deploy.resolve('abandon');

    expect(await deploy.result()).toMatchObject({ outcome: 'abandoned' });
    expect(deploy.world.outcome()).toMatchObject({ revision: 5, restoredRevision: 6, leaves: 'previous' });
  });

  it('of which nobody knows needs a person', async () => {
    const blind = { ...unhealthy, status: 'inconclusive', reason: 'the watch is 40 s old' } as const;
    const deploy = await stuck({
      rollbackRelease: usual,
      awaitRollout: hang(),
      readRollout: answer(blind),
    });

    expect(deploy.world.stages.at(-1)).toMatchObject({
      message: 'revision 4 is back but not healthy: the watch is 40 s old',
    });
  });

  it('that does not become healthy in time needs a person', async () => {
    const waiting = { ...unhealthy, status: 'progressing', reason: '1 of 2 pods ready' } as const;
    const deploy = await stuck({
      rollbackRelease: usual,
      awaitRollout: hang(),
      readRollout: answer(waiting),
    });

    expect(deploy.world.stages.at(-1)?.message).toContain('not healthy within 0.3 s: 1 of 2 pods ready');
  });
});

describe('the way back', () => {
  it('goes ahead of all other work in the queue', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world.next('installRelease', doneThen(fail('helm_failed', 'Helm said no')));
    await deploy.start();
    await deploy.result();

    const priorityOf = (activity: string) =>
      deploy.world.calls.find(call => call.activity === activity)?.priority;
    expect(priorityOf('rollbackRelease')).toBe(1);
    expect(priorityOf('collectEvidence')).toBe(1);
    expect(priorityOf('installRelease')).not.toBe(1);
  });

  it('cannot be cancelled from the moment it was decided on', async () => {
    const deploy = plane.prepare(upgrade());
    const evidence = gate();
    deploy.world
      .next('installRelease', doneThen(fail('helm_failed', 'Helm said no')))
      .next('collectEvidence', evidence.waits);
    await deploy.start();
    await deploy.untilCalled('collectEvidence');

    expect(await refusalOf(deploy.cancel())).toMatchObject({ code: 'cannot_cancel_now' });
    evidence.open();
    expect(await deploy.result()).toMatchObject({ outcome: 'rolled_back' });
  });
});

describe('a failed upgrade of something that was never verified', () => {
  it('removes nothing and asks a person', async () => {
    const deploy = plane.prepare(firstInstall({ knownRevision: 4 }));
    deploy.world.next('installRelease', doneThen(fail('helm_failed', 'Helm said no')));
    await deploy.start();
    await deploy.until('needs_attention');

    expect(deploy.world.inputsOf('uninstallRelease')).toEqual([]);
    expect(deploy.world.stages.at(-1)).toMatchObject({
      message: 'Helm said no; revision 4 was there before, but there is no verified revision to go back to',
      revision: 5,
    });
    await deploy.resolve('abandon');
    expect(await deploy.result()).toMatchObject({ outcome: 'abandoned' });
    expect(deploy.world.outcome()).toMatchObject({ leaves: 'new' });
    expect(deploy.world.revision).toBe(5);
  });
});

describe('a failed deploy into a runtime whose release was removed by hand', () => {
  it('is removed like a first install: its own number is not the verified one', async () => {
    const deploy = plane.prepare(
      upgrade({ verified: { revision: 1, operationId: 'op_before', deploymentId: 'dep_before' } }),
    );
    deploy.world.revision = 0;
    deploy.world.next('installRelease', doneThen(fail('helm_failed', 'Helm said no')));
    await deploy.start();

    expect(await deploy.result()).toMatchObject({ outcome: 'failed' });
    expect(deploy.world.inputsOf('rollbackRelease')).toEqual([]);
    expect(deploy.world.outcome()).toMatchObject({ revision: 1, leaves: 'nothing' });
  });
});

const usual: Behaviour<'rollbackRelease'> = async (_input, usually) => usually();

type Trouble = { [N in 'readRelease' | 'rollbackRelease' | 'awaitRollout' | 'readRollout']?: Behaviour<N> };

/** Helm said no to an upgrade, and then the way back ran into this trouble. */
async function stuck(trouble: Trouble = {}) {
  const deploy = plane.prepare(upgrade());
  const { rollbackRelease = fail('helm_failed', 'another operation is in progress'), ...rest } = trouble;
  deploy.world.next('installRelease', doneThen(fail('helm_failed', 'Helm said no')));
  if (!rest.readRelease) deploy.world.next('rollbackRelease', rollbackRelease);
  if (rest.readRelease) deploy.world.next('readRelease', rest.readRelease);
  if (rest.awaitRollout) deploy.world.next('awaitRollout', rest.awaitRollout);
  if (rest.readRollout) deploy.world.next('readRollout', rest.readRollout);
  await deploy.start();
  await deploy.until('needs_attention');
  return deploy;
}
