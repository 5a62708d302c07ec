import { describe, expect, it } from 'vitest';
import { doneThen, fail, stumble } from '../fakes/activities.ts';
import { upgrade } from './deploy-input.ts';
import { useControlPlane } from './use-control-plane.ts';

// A file, and so a test server, of its own: its clock must be free to skip, and an activity that a test before has
// left behind would hold it.
const plane = useControlPlane();

describe('the way back, while the cluster is away', () => {
  it('is tried again and again', async () => {
    const deploy = plane.prepare(upgrade());
    const away = stumble('cluster_unreachable', 'connection refused');
    deploy.world
      .next('installRelease', doneThen(fail('helm_failed', 'Helm said no')))
      .next('readRelease', away, away, away)
      .next('rollbackRelease', away, away, away);
    await deploy.start();

    expect(await deploy.result()).toMatchObject({ outcome: 'rolled_back' });
  });

  it('is given up after half an hour, and a person decides', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world
      .next('installRelease', doneThen(fail('helm_failed', 'Helm said no')))
      .always('rollbackRelease', stumble('cluster_unreachable', 'connection refused', '5 minutes'));
    await deploy.start();
    await deploy.untilCalled('rollbackRelease');
    await plane.skip('1800 s');

    await deploy.until('needs_attention');
    deploy.world.recover('rollbackRelease');
    await deploy.resolve('retry');
    expect(await deploy.result()).toMatchObject({ outcome: 'rolled_back' });
  });
});
