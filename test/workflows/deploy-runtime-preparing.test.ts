import { describe, expect, it } from 'vitest';
import { answer, fail, hang, stumble } from '../fakes/activities.ts';
import { refusalOf } from './deploy.ts';
import { firstInstall, upgrade } from './deploy-input.ts';
import { useControlPlane } from './use-control-plane.ts';

const plane = useControlPlane();

describe('a deploy that cannot be prepared', () => {
  it('fails when the namespace is refused, and nothing was changed', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world.next('planRelease', fail('slot_terminating', 'rtai-acme--default is being deleted'));
    await deploy.start();

    expect(await deploy.result()).toMatchObject({
      outcome: 'failed',
      message: 'rtai-acme--default is being deleted; nothing was changed',
    });
    expect(deploy.world.touched()).toEqual(['planRelease']);
    expect(deploy.world.outcome()).toMatchObject({
      error: { code: 'slot_terminating', message: 'rtai-acme--default is being deleted' },
      leaves: 'previous',
    });
  });

  it('fails when the chart does not render, and leaves an empty place empty', async () => {
    const deploy = plane.prepare(firstInstall());
    deploy.world.next('planRelease', fail('values_refused', 'values do not match the schema'));
    await deploy.start();

    expect(await deploy.result()).toMatchObject({ outcome: 'failed' });
    expect(deploy.world.touched()).toEqual(['planRelease']);
    expect(deploy.world.outcome()).toMatchObject({ error: { code: 'values_refused' }, leaves: 'nothing' });
  });

  it('goes on when the cluster comes back in time', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world.next('planRelease', ...stumbles(3));
    await deploy.start();

    expect(await deploy.result()).toMatchObject({ outcome: 'succeeded' });
    expect(deploy.world.inputsOf('planRelease')).toHaveLength(4);
  });

  it('is errored, not failed, when planning does not reach the cluster for a quarter of an hour', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world.always(
      'planRelease',
      stumble('cluster_unreachable', 'connect ECONNREFUSED 127.0.0.1:6443', '5 minutes'),
    );
    await deploy.start();

    expect(await deploy.result()).toMatchObject({
      outcome: 'errored',
      message: 'connect ECONNREFUSED 127.0.0.1:6443; nothing was changed',
    });
    expect(deploy.world.inputsOf('installRelease')).toEqual([]);
    expect(deploy.world.outcome()).toMatchObject({
      error: { code: 'cluster_unreachable' },
      leaves: 'previous',
    });
  });
});

describe('a release that was changed outside', () => {
  it('stops the deploy and says what was found', async () => {
    const deploy = await changedOutside();

    expect(await deploy.state()).toMatchObject({
      stage: 'needs_attention',
      waitsFor: 'retry: look again; accept: deploy over it; abandon: leave it as it is',
    });
    expect(deploy.world.stages).toMatchObject([
      {
        stage: 'needs_attention',
        severity: 'critical',
        message: 'revision 7 of support-agent was made outside of RuntimeAI (upgraded by hand)',
      },
    ]);
  });

  it('is looked at again on retry, with what our records know', async () => {
    const deploy = await changedOutside();
    await deploy.resolve('retry');

    expect(await deploy.result()).toMatchObject({ outcome: 'succeeded' });
    expect(deploy.world.inputsOf('planRelease')).toMatchObject([{ knownRevision: 4 }, { knownRevision: 4 }]);
    expect(deploy.world.stages[1]).toMatchObject({ stage: 'preparing', message: 'olga chose to retry' });
  });

  it('is deployed over on accept', async () => {
    const deploy = await changedOutside();
    await deploy.resolve('accept');

    expect(await deploy.result()).toMatchObject({ outcome: 'succeeded' });
    expect(deploy.world.inputsOf('planRelease')).toMatchObject([{ knownRevision: 4 }, { knownRevision: 7 }]);
  });

  it('is left as it is on abandon', async () => {
    const deploy = await changedOutside();
    await deploy.resolve('abandon');

    expect(await deploy.result()).toMatchObject({ outcome: 'abandoned' });
    expect(deploy.world.touched()).toEqual(['planRelease']);
    expect(deploy.world.outcome()).toMatchObject({ leaves: 'previous' });
  });

  it('can be found again and again, each time with a new question', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world.next('planRelease', foundOutside(7), foundOutside(8));
    await deploy.start();
    await deploy.until('needs_attention');
    await deploy.resolve('accept');
    await deploy.untilCalled('planRelease', 2);
    await deploy.until('needs_attention');
    await deploy.resolve('accept');

    expect(await deploy.result()).toMatchObject({ outcome: 'succeeded' });
    expect(deploy.world.inputsOf('planRelease').map(input => input.knownRevision)).toEqual([4, 7, 8]);
  });
});

describe('a resolution', () => {
  it('is refused when nothing needs attention', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world.next('planRelease', hang());
    await deploy.start();
    await deploy.until('preparing');

    expect(await refusalOf(deploy.resolve('accept'))).toMatchObject({
      code: 'does_not_need_attention',
      message: 'the operation is preparing and needs no resolution',
    });
  });

  it('is refused when it is meant for another operation', async () => {
    const deploy = await changedOutside();

    expect(await refusalOf(deploy.resolve('accept', { operationId: 'op_other' }))).toMatchObject({
      code: 'another_operation',
    });
    expect(await deploy.state()).toMatchObject({ stage: 'needs_attention' });
  });

  it('counts once when two people resolve at the same moment', async () => {
    const deploy = await changedOutside();
    deploy.world.next('planRelease', hang());

    const both = await Promise.allSettled([deploy.resolve('retry'), deploy.resolve('abandon')]);

    expect(both.map(each => each.status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });
});

async function changedOutside() {
  const deploy = plane.prepare(upgrade());
  deploy.world.next('planRelease', foundOutside(7));
  await deploy.start();
  await deploy.until('needs_attention');
  return deploy;
}

function foundOutside(revision: number) {
  const summary = { create: 0, update: 1, unchanged: 5, remove: 0 };
  const found = { revision, description: 'upgraded by hand' };
  return answer<'planRelease'>({ digest: 'x', summary, baseRevision: revision, changedOutside: found });
}

function stumbles(times: number) {
  return Array.from({ length: times }, () => stumble('cluster_unreachable', 'connect ECONNREFUSED'));
}
