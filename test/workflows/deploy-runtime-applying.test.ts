import { describe, expect, it } from 'vitest';
import { answer, doneThen, fail, stumble } from '../fakes/activities.ts';
import { firstInstall, upgrade } from './deploy-input.ts';
import { useControlPlane } from './use-control-plane.ts';

const plane = useControlPlane();
const helmSaidNo = fail('helm_failed', 'Deployment "support-agent" is invalid');

describe('an upgrade that helm refuses', () => {
  it('goes back to the last verified revision and holds the runtime', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world.next('installRelease', doneThen(helmSaidNo));
    await deploy.start();

    const said = 'Deployment "support-agent" is invalid';
    expect(await deploy.result()).toMatchObject({
      outcome: 'rolled_back',
      message: `${said}; back on revision 4 (2 of 2 pods ready)`,
    });
    expect(deploy.world.outcome()).toMatchObject({
      error: { code: 'helm_failed', message: said },
      revision: 5,
      restoredRevision: 6,
      hold: `rolled back: ${said}`,
      leaves: 'previous',
    });
  });

  it('keeps the evidence before anything is put back, and checks what it put back', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world
      .next('installRelease', doneThen(helmSaidNo))
      .next('collectEvidence', answer({ reason: 'quota of rtai-acme--default is used up' }));
    await deploy.start();
    const { message } = await deploy.result();

    expect(message).toContain('quota of rtai-acme--default is used up; back on revision 4');
    expect(deploy.world.touched().slice(1)).toEqual([
      'installRelease',
      'collectEvidence',
      'readRelease',
      'rollbackRelease',
      'awaitRollout',
    ]);
    expect(deploy.world.inputsOf('readRelease')).toMatchObject([{ baseRevision: 4 }]);
    expect(deploy.world.inputsOf('rollbackRelease')).toMatchObject([{ toRevision: 4, aboveRevision: 5 }]);
    expect(deploy.world.inputsOf('awaitRollout')).toMatchObject([
      { operationId: 'op_before', soakSeconds: 0 },
    ]);
  });

  it('goes back to the verified revision, not to the one before, when they differ', async () => {
    const deploy = plane.prepare(upgrade({ knownRevision: 9 }));
    deploy.world.next('installRelease', doneThen(helmSaidNo));
    await deploy.start();
    await deploy.result();

    expect(deploy.world.inputsOf('rollbackRelease')).toMatchObject([{ toRevision: 4, aboveRevision: 10 }]);
  });

  it('goes back although the evidence cannot be had, and says so', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world
      .next('installRelease', doneThen(helmSaidNo))
      .always('collectEvidence', stumble('cluster_unreachable', 'connection reset'));
    await deploy.start();

    const { outcome, message } = await deploy.result();

    expect(outcome).toBe('rolled_back');
    expect(message).toContain('(evidence could not be collected: connection reset)');
    expect(deploy.world.inputsOf('collectEvidence')).toHaveLength(3);
  });

  it('leaves everything alone when nothing was changed', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world.next('installRelease', helmSaidNo);
    await deploy.start();

    expect(await deploy.result()).toMatchObject({
      outcome: 'failed',
      message: 'Deployment "support-agent" is invalid; nothing was changed',
    });
    expect(deploy.world.inputsOf('rollbackRelease')).toEqual([]);
    expect(deploy.world.outcome()).toMatchObject({ leaves: 'previous' });
    expect(deploy.world.outcome()).not.toHaveProperty('hold');
  });

  it('leaves an older revision alone that was never verified, when nothing was changed', async () => {
    const deploy = plane.prepare(firstInstall({ knownRevision: 2 }));
    deploy.world.next('installRelease', helmSaidNo);
    await deploy.start();
    await deploy.result();

    expect(deploy.world.outcome()).toMatchObject({ outcome: 'failed', leaves: 'previous' });
  });
});

describe('a change whose end is not known', () => {
  it('is tried again, and goes on', async () => {
    const deploy = plane.prepare(upgrade());
    const reset = stumble('cluster_unreachable', 'connection reset');
    deploy.world.next('installRelease', reset, reset);
    await deploy.start();

    expect(await deploy.result()).toMatchObject({ outcome: 'succeeded' });
    expect(deploy.world.inputsOf('installRelease')).toHaveLength(3);
  });

  it('is errored when the cluster was away for twenty minutes and nothing was changed', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world.always('installRelease', stumble('cluster_unreachable', 'connection refused'));
    await deploy.start();

    expect(await deploy.result()).toMatchObject({
      outcome: 'errored',
      message: 'connection refused; nothing was changed',
    });
    expect(deploy.world.outcome()).toMatchObject({
      error: { code: 'cluster_unreachable' },
      leaves: 'previous',
    });
  });

  it('is put back when the storage shows that something was changed', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world
      .next('installRelease', doneThen(stumble('cluster_unreachable', 'connection reset')))
      .always('installRelease', stumble('cluster_unreachable', 'connection refused'));
    await deploy.start();

    expect(await deploy.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(deploy.world.inputsOf('rollbackRelease')).toMatchObject([{ toRevision: 4, aboveRevision: 5 }]);
  });
});

describe('a first install that helm refuses', () => {
  it('is removed after its evidence is kept', async () => {
    const deploy = plane.prepare(firstInstall());
    deploy.world.next('installRelease', doneThen(helmSaidNo));
    await deploy.start();

    expect(await deploy.result()).toMatchObject({
      outcome: 'failed',
      message: 'Deployment "support-agent" is invalid; the first install was removed',
    });
    expect(deploy.world.touched().slice(2)).toEqual(['collectEvidence', 'readRelease', 'uninstallRelease']);
    expect(deploy.world.revision).toBe(0);
    expect(deploy.world.outcome()).toMatchObject({ leaves: 'nothing', error: { code: 'helm_failed' } });
    expect(deploy.world.outcome()).not.toHaveProperty('hold');
  });

  it('stays in the cluster when that was asked for', async () => {
    const deploy = plane.prepare(firstInstall(), { keepFailed: true });
    deploy.world.next('installRelease', doneThen(helmSaidNo));
    await deploy.start();

    const { outcome, message } = await deploy.result();

    expect({ outcome, message }).toMatchObject({ outcome: 'failed' });
    expect(message).toContain('left in the cluster as asked (keep_failed)');
    expect(deploy.world.inputsOf('uninstallRelease')).toEqual([]);
    expect(deploy.world.outcome()).toMatchObject({ leaves: 'new', revision: 1 });
  });

  it('leaves an empty place empty when nothing was changed', async () => {
    const deploy = plane.prepare(firstInstall());
    deploy.world.next('installRelease', helmSaidNo);
    await deploy.start();
    await deploy.result();

    expect(deploy.world.inputsOf('uninstallRelease')).toEqual([]);
    expect(deploy.world.outcome()).toMatchObject({ outcome: 'failed', leaves: 'nothing' });
  });
});
