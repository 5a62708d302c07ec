import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import type { AdmissionRefusal } from '../../domain/deployment.ts';
import { answer, hang, stumble } from '../fakes/activities.ts';
import { refusalOf } from './deploy.ts';
import { firstInstall, refusal, upgrade } from './deploy-input.ts';
import { useControlPlane } from './use-control-plane.ts';

const plane = useControlPlane();

describe('a deploy that is let in', () => {
  it('goes through its stages in order and is verified', async () => {
    const deploy = plane.prepare(firstInstall());

    expect(await deploy.start()).toEqual({
      operationId: deploy.input.operationId,
      deploymentId: deploy.input.deploymentId,
      runtimeId: deploy.input.runtimeId,
    });
    expect(await deploy.result()).toEqual({
      operationId: deploy.input.operationId,
      outcome: 'succeeded',
      message: '2 of 2 pods ready',
    });

    expect(deploy.world.touched()).toEqual(['planRelease', 'installRelease', 'awaitRollout']);
    expect(deploy.world.stages.map(record => record.stage)).toEqual(['applying', 'verifying']);
    expect(deploy.world.outcome()).toMatchObject({
      outcome: 'succeeded',
      revision: 1,
      verified: true,
      leaves: 'new',
    });
    expect(deploy.world.outcome()).not.toHaveProperty('hold');
  });

  it('tells each activity which operation, base revision and plan it works for', async () => {
    const deploy = plane.prepare(upgrade(), { verification: { timeout_seconds: 1, soak_seconds: 7 } });
    const { operationId, deploymentId } = deploy.input;
    await deploy.start();
    await deploy.result();

    expect(deploy.world.inputsOf('planRelease')).toMatchObject([
      { operationId, deploymentId, knownRevision: 4 },
    ]);
    expect(deploy.world.inputsOf('installRelease')).toMatchObject([
      { operationId, deploymentId, baseRevision: 4, planDigest: 'sha256:plan' },
    ]);
    expect(deploy.world.inputsOf('awaitRollout')).toMatchObject([{ operationId, soakSeconds: 7 }]);
    expect(deploy.world.stages).toMatchObject([{ baseRevision: 4 }, { revision: 5 }]);
  });

  it('answers the caller while the rest is still to come', async () => {
    const deploy = plane.prepare(firstInstall());
    deploy.world.next(
      'installRelease',
      hang(answer({ revision: 1, status: 'deployed', manifestDigest: 'x' })),
    );

    const { operationId } = await deploy.start();

    expect(await deploy.until('applying')).toEqual({ operationId, stage: 'applying' });
  });

  it('holds the lock: a second deploy of the same runtime is refused while it runs', async () => {
    const first = plane.prepare(firstInstall());
    first.world.next('installRelease', hang());
    await first.start();
    await first.until('applying');

    await expect(first.start()).rejects.toThrow(WorkflowExecutionAlreadyStartedError);
  });

  it('still answers what became of it when it is over', async () => {
    const deploy = plane.prepare(firstInstall());
    const { operationId } = await deploy.start();
    await deploy.result();

    expect(await deploy.state()).toEqual({ operationId, stage: 'finished', outcome: 'succeeded' });
  });
});

describe('a deploy that is not let in', () => {
  it.each<AdmissionRefusal>([
    'policy_denied',
    'name_taken',
    'runtime_not_found',
    'runtime_on_hold',
    'quota_exceeded',
    'governance_settings_missing',
  ])('comes back refused with %s and its reason, and touches nothing', async code => {
    const deploy = plane.prepare(refusal(code, `no, because of ${code}`));

    expect(await refusalOf(deploy.start())).toEqual({ code, message: `no, because of ${code}` });

    expect(await deploy.result()).toMatchObject({ outcome: 'rejected', message: `no, because of ${code}` });
    expect(deploy.world.calls.map(call => call.activity)).toEqual(['admitDeployment']);
  });
});

describe('the records', () => {
  it('are written under rising step numbers, so that a retry finds its own', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world.always(
      'awaitRollout',
      answer({ status: 'failed', reason: 'no', ready_pods: 0, total_pods: 2 }),
    );
    deploy.world.next('rollbackRelease', async (_input, usually) => {
      deploy.world.recover('awaitRollout');
      return usually();
    });
    await deploy.start();
    await deploy.result();

    const steps = [...deploy.world.stages, ...deploy.world.outcomes].map(record => record.step);
    expect(steps).toEqual([1, 2, 3, 4]);
  });

  it('wait for a database that is away, and the caller waits with them', async () => {
    const deploy = plane.prepare(firstInstall());
    deploy.world.next('admitDeployment', ...away(2));

    await deploy.start();

    expect(deploy.world.calls[2]).toMatchObject({ activity: 'admitDeployment', attempt: 3 });
    expect(await deploy.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('are made up for when the database was away in the middle and at the end', async () => {
    const deploy = plane.prepare(firstInstall());
    deploy.world.next('recordStage', ...away(2)).next('recordOutcome', ...away(2));
    await deploy.start();

    expect(await deploy.result()).toMatchObject({ outcome: 'succeeded' });
    expect(deploy.world.stages.map(record => record.stage)).toEqual(['applying', 'verifying']);
    expect(deploy.world.outcome()).toMatchObject({ outcome: 'succeeded', step: 3 });
  });

  it('written before the answer was lost are not written twice', async () => {
    const deploy = plane.prepare(firstInstall());
    deploy.world.next('recordStage', async (_input, usually) => {
      usually();
      throw new Error('connection reset');
    });
    await deploy.start();
    await deploy.result();

    expect(deploy.world.stages.map(record => record.stage)).toEqual(['applying', 'verifying']);
    expect(deploy.world.inputsOf('recordStage')).toHaveLength(2);
  });
});

function away(times: number) {
  return Array.from({ length: times }, () => stumble('Error', 'connection refused'));
}
