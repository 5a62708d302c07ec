import { describe, expect, it } from 'vitest';
import type { RolloutReport } from '../../domain/deployment.ts';
import { answer, type FakeActivities, fail, hang, stumble } from '../fakes/activities.ts';
import { firstInstall, upgrade } from './deploy-input.ts';
import { useControlPlane } from './use-control-plane.ts';

const plane = useControlPlane();
const crashing = report('failed', 'container agent is in CrashLoopBackOff');
const waiting = report('progressing', '0 of 2 pods ready: readiness probe /ready answers 503');
const blind = report('inconclusive', 'the watch is 40 s old');
const better = report('healthy', '2 of 2 pods ready');

describe('a rollout that does not become healthy', () => {
  it('goes back when it has failed for good, without waiting for the deadline', async () => {
    const deploy = plane.prepare(upgrade(), { verification: { timeout_seconds: 300, soak_seconds: 10 } });
    deploy.world.next('awaitRollout', answer(crashing));
    await deploy.start();

    expect(await deploy.result()).toMatchObject({
      outcome: 'rolled_back',
      message: 'container agent is in CrashLoopBackOff; back on revision 4 (2 of 2 pods ready)',
    });
    expect(deploy.world.outcome()).toMatchObject({ error: { code: 'verification_failed' } });
    expect(deploy.world.outcome()).not.toHaveProperty('verified');
  });

  it('goes back when the deadline passes while it still progresses', async () => {
    const deploy = plane.prepare(upgrade());
    untilTheDeadline(deploy.world, waiting);
    await deploy.start();

    expect(await deploy.result()).toMatchObject({
      outcome: 'rolled_back',
      message: expect.stringContaining(
        'not healthy within 0.3 s: 0 of 2 pods ready: readiness probe /ready answers 503',
      ),
    });
  });

  it('is verified when it is healthy just at the deadline', async () => {
    const deploy = plane.prepare(upgrade());
    untilTheDeadline(deploy.world, better);
    await deploy.start();

    expect(await deploy.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('removes a first install', async () => {
    const deploy = plane.prepare(firstInstall());
    deploy.world.next('awaitRollout', answer(crashing));
    await deploy.start();

    expect(await deploy.result()).toMatchObject({ outcome: 'failed' });
    expect(deploy.world.outcome()).toMatchObject({ leaves: 'nothing' });
    expect(deploy.world.revision).toBe(0);
  });

  it('leaves a first install when that was asked for', async () => {
    const deploy = plane.prepare(firstInstall(), { keepFailed: true });
    deploy.world.next('awaitRollout', answer(crashing));
    await deploy.start();
    await deploy.result();

    expect(deploy.world.outcome()).toMatchObject({ outcome: 'failed', leaves: 'new' });
    expect(deploy.world.revision).toBe(1);
  });
});

describe('an observer that dies', () => {
  it('is asked again, and its successor answers', async () => {
    const deploy = plane.prepare(upgrade(), { verification: { timeout_seconds: 30, soak_seconds: 0 } });
    const gone = stumble('Error', 'the observer is shutting down');
    deploy.world.next('awaitRollout', gone, gone);
    await deploy.start();

    expect(await deploy.result()).toMatchObject({ outcome: 'succeeded' });
    expect(deploy.world.inputsOf('awaitRollout')).toHaveLength(3);
  });

  it('leaves the deploy waiting for a person when it is still dead at the deadline', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world
      .next('awaitRollout', hang())
      .always('readRollout', stumble('Error', 'the observer is shutting down'));
    await deploy.start();
    await deploy.untilCalled('readRollout');
    await plane.skip('15 s');

    await deploy.until('needs_attention');
    expect(deploy.world.stages.at(-1)).toMatchObject({
      stage: 'needs_attention',
      message: 'no observer answers: nobody knows how the pods are',
      verdict: { status: 'inconclusive' },
    });
    expect(deploy.world.inputsOf('rollbackRelease')).toEqual([]);
  });

  it('is no reason to go back when its wait ends in an error after the deadline', async () => {
    const deploy = plane.prepare(upgrade());
    untilTheDeadline(deploy.world, blind, fail('Error', 'lost its watch'));
    await deploy.start();

    expect(await deploy.until('needs_attention')).toMatchObject({ stage: 'needs_attention' });
    expect(deploy.world.inputsOf('rollbackRelease')).toEqual([]);
  });
});

describe('a rollout of which nobody knows', () => {
  it.each([
    ['the observer is blind', (world: FakeActivities) => world.next('awaitRollout', answer(blind))],
    ['the observer is blind at the deadline', (world: FakeActivities) => untilTheDeadline(world, blind)],
  ])('waits for a person when %s', async (_name, happens) => {
    const deploy = plane.prepare(upgrade());
    happens(deploy.world);
    await deploy.start();

    expect(await deploy.until('needs_attention')).toMatchObject({
      waitsFor: 'retry: verify again; accept: I have seen it healthy; abandon: go back',
    });
    expect(deploy.world.touched()).not.toContain('rollbackRelease');
  });

  it('is verified again on retry', async () => {
    const deploy = await blindDeploy();
    await deploy.resolve('retry');

    expect(await deploy.result()).toMatchObject({ outcome: 'succeeded', message: '2 of 2 pods ready' });
    expect(deploy.world.stages.map(record => record.stage)).toEqual([
      'applying',
      'verifying',
      'needs_attention',
      'verifying',
    ]);
  });

  it('can stay unknown after a retry, and is asked again', async () => {
    const deploy = await blindDeploy();
    deploy.world.next('awaitRollout', answer(blind));
    await deploy.resolve('retry');
    await deploy.untilCalled('awaitRollout', 2);
    await deploy.until('needs_attention');
    await deploy.resolve('retry');

    expect(await deploy.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('counts as verified when somebody vouches for it', async () => {
    const deploy = await blindDeploy();
    await deploy.resolve('accept', { comment: 'both pods answer on /ready' });

    expect(await deploy.result()).toMatchObject({
      outcome: 'succeeded',
      message: 'olga vouches for it: both pods answer on /ready',
    });
    expect(deploy.world.outcome()).toMatchObject({ verified: true, leaves: 'new' });
  });

  it('goes back when somebody gives it up', async () => {
    const deploy = await blindDeploy();
    await deploy.resolve('abandon');

    expect(await deploy.result()).toMatchObject({
      outcome: 'rolled_back',
      message: expect.stringContaining('olga gave up on it: the watch is 40 s old'),
    });
  });
});

async function blindDeploy() {
  const deploy = plane.prepare(upgrade());
  deploy.world.next('awaitRollout', answer(blind));
  await deploy.start();
  await deploy.until('needs_attention');
  return deploy;
}

/** The wait goes on until the window closes; then one look tells this. */
function untilTheDeadline(
  world: FakeActivities,
  atDeadline: RolloutReport,
  atLast?: Parameters<typeof hang>[0],
): FakeActivities {
  return world.next('awaitRollout', hang(atLast)).next('readRollout', answer(atDeadline));
}

function report(status: RolloutReport['status'], reason: string): RolloutReport {
  return { status, reason, ready_pods: status === 'healthy' ? 2 : 0, total_pods: 2 };
}
