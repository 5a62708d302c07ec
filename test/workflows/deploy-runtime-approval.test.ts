import { describe, expect, it } from 'vitest';
import { gate, hang, stumble } from '../fakes/activities.ts';
import { refusalOf } from './deploy.ts';
import { approver, developer, needsApproval, operator, secondApprover, upgrade } from './deploy-input.ts';
import { useControlPlane } from './use-control-plane.ts';

const plane = useControlPlane();

describe('a deploy that needs an approval', () => {
  it('waits for it with the plan to show, and nothing changed', async () => {
    const { deploy } = await asked();

    expect(await deploy.state()).toEqual({
      operationId: deploy.input.operationId,
      stage: 'awaiting_approval',
      waitsFor: 'an approval',
    });
    expect(deploy.world.touched()).toEqual(['planRelease']);
    expect(deploy.world.asked).toMatchObject([
      { requester: developer, policy: { answer: 'require_approval' } },
    ]);
  });

  it('goes on when it is approved, and closes the approval', async () => {
    const { deploy, approvalId } = await asked();

    expect(await deploy.decide({ approvalId, comment: 'go' })).toEqual({ status: 'approved' });

    expect(await deploy.result()).toMatchObject({ outcome: 'succeeded' });
    expect(deploy.world.decisions).toMatchObject([
      { approvalId, by: approver, decision: 'approve', comment: 'go' },
    ]);
    expect(deploy.world.decisions[0]?.decidedAt).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(deploy.world.stages[0]).toMatchObject({ stage: 'preparing', approvalStatus: 'approved' });
  });

  it('is rejected by one no, with who said it and why', async () => {
    const { deploy, approvalId } = await asked();

    const said = { approvalId, decision: 'reject', comment: 'not on a Friday' } as const;
    expect(await deploy.decide(said)).toEqual({ status: 'rejected' });

    expect(await deploy.result()).toMatchObject({
      outcome: 'rejected',
      message: 'rejected by abel: not on a Friday',
    });
    expect(deploy.world.touched()).toEqual(['planRelease']);
    expect(deploy.world.outcome()).toMatchObject({ approvalStatus: 'rejected', leaves: 'previous' });
  });

  it('expires when nobody decides in time', async () => {
    const { deploy } = await asked({ expiresInSeconds: 24 * 3600 });

    expect(await deploy.result()).toMatchObject({ outcome: 'expired', message: 'nobody decided in time' });
    expect(deploy.world.touched()).toEqual(['planRelease']);
    expect(deploy.world.outcome()).toMatchObject({ approvalStatus: 'expired', leaves: 'previous' });
  });

  it('needs as many different people as its quorum', async () => {
    const { deploy, approvalId } = await asked({ quorum: 2 });

    expect(await deploy.decide({ approvalId })).toEqual({ status: 'open' });
    expect(await refusalOf(deploy.decide({ approvalId }))).toMatchObject({ code: 'already_decided' });
    expect(await deploy.state()).toMatchObject({ stage: 'awaiting_approval' });
    expect(await deploy.decide({ approvalId, by: secondApprover })).toEqual({ status: 'approved' });

    expect(await deploy.result()).toMatchObject({ outcome: 'succeeded' });
    expect(deploy.world.decisions.map(decision => decision.by.name)).toEqual(['abel', 'berta']);
  });

  it('is rejected by the second of two when the first has approved', async () => {
    const { deploy, approvalId } = await asked({ quorum: 2 });
    await deploy.decide({ approvalId });

    await deploy.decide({ approvalId, by: secondApprover, decision: 'reject', comment: 'no' });

    expect(await deploy.result()).toMatchObject({ outcome: 'rejected', message: 'rejected by berta: no' });
  });

  it('expires when only one of two has approved', async () => {
    const { deploy, approvalId } = await asked({ quorum: 2 });
    await deploy.decide({ approvalId });

    expect(await deploy.result()).toMatchObject({ outcome: 'expired' });
    expect(deploy.world.touched()).toEqual(['planRelease']);
  });
});

describe('a decision', () => {
  it('is refused from whoever asked for the deploy, and the question stays open for others', async () => {
    const { deploy, approvalId } = await asked();

    expect(await refusalOf(deploy.decide({ approvalId, by: developer }))).toMatchObject({
      code: 'four_eyes',
    });
    const rejection = { approvalId, by: developer, decision: 'reject', comment: 'changed my mind' } as const;
    expect(await refusalOf(deploy.decide(rejection))).toMatchObject({ code: 'four_eyes' });

    expect(deploy.world.decisions).toEqual([]);
    expect(await deploy.decide({ approvalId })).toEqual({ status: 'approved' });
  });

  it('is refused for another approval', async () => {
    const { deploy } = await asked();

    expect(await refusalOf(deploy.decide({ approvalId: 'apr_other' }))).toEqual({
      code: 'not_awaiting_approval',
      message: 'this operation does not wait for that approval',
    });
  });

  it('is refused when it comes after another has closed the question', async () => {
    const { deploy, approvalId } = await asked();
    deploy.world.next('planRelease', hang());
    await deploy.decide({ approvalId });
    await deploy.until('preparing');

    const late = { approvalId, by: secondApprover, decision: 'reject', comment: 'wait!' } as const;
    expect(await refusalOf(deploy.decide(late))).toEqual({
      code: 'already_decided',
      message: 'the approval is already approved',
    });
  });

  it('is refused when the approval has expired', async () => {
    const { deploy, approvalId } = await asked({ expiresInSeconds: 0.2 });
    deploy.world.always('recordOutcome', stumble('Error', 'connection refused'));
    await deploy.untilCalled('recordOutcome');

    expect(await refusalOf(deploy.decide({ approvalId }))).toMatchObject({ code: 'approval_expired' });

    deploy.world.recover('recordOutcome');
    expect(await deploy.result()).toMatchObject({ outcome: 'expired' });
  });

  it('is refused when the operation has been cancelled', async () => {
    const { deploy, approvalId } = await asked();
    deploy.world.always('recordOutcome', stumble('Error', 'connection refused'));
    await deploy.cancel();

    expect(await refusalOf(deploy.decide({ approvalId }))).toMatchObject({ code: 'not_awaiting_approval' });

    deploy.world.recover('recordOutcome');
    expect(await deploy.result()).toMatchObject({ outcome: 'cancelled' });
    expect(deploy.world.touched()).toEqual(['planRelease']);
  });

  it('counts once when two people decide at the same moment', async () => {
    const { deploy, approvalId } = await asked();
    deploy.world.next('planRelease', hang());

    const both = await Promise.allSettled([
      deploy.decide({ approvalId }),
      deploy.decide({ approvalId, by: secondApprover }),
    ]);

    expect(both.map(each => each.status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(deploy.world.decisions).toHaveLength(1);
  });

  it('is written down before what follows from it, however late the database is', async () => {
    const { deploy, approvalId } = await asked();
    const database = gate();
    deploy.world.always('recordDecision', database.waits);
    const deciding = deploy.decide({ approvalId, decision: 'reject', comment: 'no' });
    await deploy.untilCalled('recordDecision');

    database.open();

    expect(await deciding).toEqual({ status: 'rejected' });
    expect(await deploy.result()).toMatchObject({ outcome: 'rejected' });
    expect(deploy.world.calls.map(call => call.activity).slice(3)).toEqual([
      'recordDecision',
      'recordOutcome',
    ]);
  });

  it('is refused, not lost, when the deploy needs none', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world.next('installRelease', hang());
    await deploy.start();
    await deploy.until('applying');

    expect(await refusalOf(deploy.decide({ approvalId: 'apr_any', by: operator }))).toMatchObject({
      code: 'not_awaiting_approval',
    });
  });
});

async function asked(question: { quorum?: number; expiresInSeconds?: number } = {}) {
  const deploy = plane.prepare(needsApproval(question));
  await deploy.start({ workflowTaskTimeout: '2s' });
  await deploy.until('awaiting_approval');
  return { deploy, approvalId: 'apr_1' };
}
