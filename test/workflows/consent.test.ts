import { describe, expect, it } from 'vitest';
import type { Requester } from '../../domain/requester.ts';
import { CONSENT_NEEDED, consentWanted, DENIED } from '../builders/verdict.ts';
import { answer, gate, hang } from '../fakes/activities.ts';
import { admittedSteps, deleting, restarting, scaling } from './change-input.ts';
import { type Deploy, refusalOf } from './deploy.ts';
import { approver, developer, needsApproval, secondApprover, upgrade } from './deploy-input.ts';
import { useControlPlane } from './use-control-plane.ts';

const plane = useControlPlane();
const denied = answer<'clear'>(DENIED);
const askAgain = (difference: string) =>
  answer<'clear'>({ ...CONSENT_NEEDED, supersedes: 'apr_1', difference });

describe('right before a deploy acts', () => {
  it('a policy that says no by now ends it, and nothing was changed', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world.next('clear', denied);
    await deploy.start();

    expect(await deploy.result()).toMatchObject({
      outcome: 'rejected',
      message: 'rule 1 of policy "freeze" denies it',
    });
    expect(deploy.world.touched()).toEqual(['planRelease']);
    expect(deploy.world.outcome()).toMatchObject({ leaves: 'previous', approvalStatus: 'void' });
  });

  it('what has changed since people agreed voids their consent: they are asked again with the difference', async () => {
    const deploy = await waiting();
    deploy.world.next('clear', askAgain('what would change in the cluster: Deployment agent'));
    await deploy.decide({ approvalId: 'apr_1' });
    await deploy.untilCalled('openApproval', 2);
    await deploy.until('awaiting_approval');

    expect(deploy.world.asked[1]).toMatchObject({
      supersedes: 'apr_1',
      difference: 'what would change in the cluster: Deployment agent',
      message: expect.stringContaining('asked again'),
    });
    expect(await refusalOf(deploy.decide({ approvalId: 'apr_1', by: secondApprover }))).toMatchObject({
      code: 'not_awaiting_approval',
    });
    expect(await deploy.decide({ approvalId: 'apr_2' })).toEqual({ status: 'approved' });
    expect(await deploy.result()).toMatchObject({ outcome: 'succeeded' });
    expect(deploy.world.touched().filter(each => each === 'planRelease')).toHaveLength(3);
  });

  it('people are asked where the policies began to want it after admission', async () => {
    const deploy = plane.prepare(upgrade());
    deploy.world.next('clear', answer<'clear'>(CONSENT_NEEDED));
    await deploy.start();
    await deploy.until('awaiting_approval');

    expect(deploy.world.asked[0]?.supersedes).toBeUndefined();
    await deploy.decide({ approvalId: 'apr_1', decision: 'reject', comment: 'no' });
    expect(await deploy.result()).toMatchObject({ outcome: 'rejected', message: 'rejected by abel: no' });
  });
});

describe('a decision', () => {
  it('about what is not shown any more is refused', async () => {
    const deploy = await waiting();
    expect(await refusalOf(deploy.decide({ approvalId: 'apr_1', digest: 'of before' }))).toMatchObject({
      code: 'approval_changed',
    });
    expect(await deploy.decide({ approvalId: 'apr_1', digest: 'digest 1' })).toEqual({ status: 'approved' });
  });

  it('is refused from another key of the person who asked, and from an agent that acts for them', async () => {
    const deploy = await waiting();
    const key: Requester = { id: 'prn_key', name: 'dora’s key', kind: 'human', personId: developer.id };
    const agent: Requester = { id: 'prn_bot', name: 'bot', kind: 'agent', onBehalfOf: developer };
    for (const by of [key, agent])
      expect(await refusalOf(deploy.decide({ approvalId: 'apr_1', by }))).toMatchObject({
        code: 'four_eyes',
      });
  });

  it('counts once for one person, with a key and a login', async () => {
    const deploy = await waiting({ quorum: 2 });
    await deploy.decide({ approvalId: 'apr_1' });
    const login: Requester = { id: 'prn_login', name: 'abel', kind: 'human', personId: approver.id };
    expect(await refusalOf(deploy.decide({ approvalId: 'apr_1', by: login }))).toMatchObject({
      code: 'already_decided',
    });
  });

  it('is refused from somebody whom no rule asks for', async () => {
    const policy = consentWanted({
      demands: [{ quorum: 1, roles: [], groups: ['release'], acr: [], because: 'rule 1' }],
    });
    const deploy = plane.prepare(upgrade({ policy }));
    await deploy.start();
    await deploy.until('awaiting_approval');
    expect(await refusalOf(deploy.decide({ approvalId: 'apr_1' }))).toMatchObject({
      code: 'not_an_approver',
    });
    const by = { ...approver, groups: ['release'] };
    expect(await deploy.decide({ approvalId: 'apr_1', by })).toEqual({ status: 'approved' });
  });
});

describe('a decision that is taken back', () => {
  it('counts no more, and the same person may decide anew', async () => {
    const deploy = await waiting({ quorum: 2 });
    await deploy.decide({ approvalId: 'apr_1' });
    expect(await deploy.withdraw({ approvalId: 'apr_1' })).toEqual({ status: 'open' });
    expect(await deploy.decide({ approvalId: 'apr_1', by: secondApprover })).toEqual({ status: 'open' });
    expect(await deploy.decide({ approvalId: 'apr_1' })).toEqual({ status: 'approved' });
    expect(deploy.world.withdrawals).toMatchObject([{ by: approver, decidedBy: approver.id }]);
  });

  it('is heard until it acts, and refused afterwards', async () => {
    const deploy = await waiting();
    const planning = gate();
    deploy.world.next('planRelease', planning.waits).next('installRelease', hang());
    await deploy.decide({ approvalId: 'apr_1' });
    await deploy.until('preparing');
    expect(await deploy.withdraw({ approvalId: 'apr_1' })).toEqual({ status: 'open' });
    expect(await refusalOf(deploy.decide({ approvalId: 'apr_1' }))).toMatchObject({
      code: 'not_awaiting_approval',
    });
    planning.open();
    await deploy.until('applying');
    expect(await refusalOf(deploy.withdraw({ approvalId: 'apr_1' }))).toMatchObject({
      code: 'nothing_to_withdraw',
    });
  });

  it('must be there, and be one’s own', async () => {
    const deploy = await waiting({ quorum: 2 });
    await deploy.decide({ approvalId: 'apr_1' });
    expect(await refusalOf(deploy.withdraw({ approvalId: 'apr_1', by: secondApprover }))).toMatchObject({
      code: 'nothing_to_withdraw',
    });
  });
});

describe('between the steps of a change', () => {
  it('a policy that says no by now stops it, and what was done stays', async () => {
    const change = plane.prepareChange(admittedSteps([scaling, restarting]), { kind: 'actions' });
    change.world.next('clear', async (_, usually) => usually(), denied);
    await change.start();

    expect(await change.result()).toMatchObject({
      outcome: 'rejected',
      message: expect.stringContaining('what was done before it stays'),
    });
    expect(change.world.outcome()).toMatchObject({
      change: { steps: [{ status: 'succeeded' }, { status: 'skipped' }] },
    });
    expect(change.world.touched().filter(each => each === 'carryOutStep')).toHaveLength(1);
  });

  it('of an intent takes back what was done', async () => {
    const request = { goal: 'scale to large', policy_mode: 'safe_first', dry_run: false } as const;
    const change = plane.prepareChange(
      admittedSteps([scaling, restarting], { intent: { dryRun: false, cannot: [] } }),
      { kind: 'intent', intent: { id: 'int_1', request } },
    );
    change.world.next('clear', async (_, usually) => usually(), denied);
    await change.start();

    expect(await change.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(change.world.touched()).toContain('undoStep');
  });

  it('people are asked where a policy began to want it', async () => {
    const change = plane.prepareChange(admittedSteps([scaling, restarting]), { kind: 'actions' });
    change.world.next('clear', async (_, usually) => usually(), answer<'clear'>(CONSENT_NEEDED));
    await change.start();
    await change.until('awaiting_approval');
    await change.decide({ approvalId: 'apr_1' });

    expect(await change.result()).toMatchObject({ outcome: 'succeeded' });
  });
});

it('a deletion that a policy denies when it is tried again waits on, and is not counted as done', async () => {
  const change = plane.prepareChange(admittedSteps([deleting]), { kind: 'delete' });
  change.world
    .next('awaitStep', answer<'awaitStep'>({ status: 'failed', message: 'a finalizer holds it' }))
    .next('clear', async (_, usually) => usually(), denied);
  await change.start();
  await change.until('needs_attention');
  await change.resolve('retry');
  await change.untilCalled('recordStage', 3);
  expect(change.world.stages.at(-1)).toMatchObject({
    stage: 'needs_attention',
    message: expect.stringContaining('freeze'),
  });
  await change.resolve('abandon');
  expect(await change.result()).toMatchObject({ outcome: 'abandoned' });
  expect(change.world.stepsDone).toEqual([]);
});

async function waiting(question: { quorum?: number } = {}): Promise<Deploy> {
  const deploy = plane.prepare(needsApproval(question));
  await deploy.start({ workflowTaskTimeout: '2s' });
  await deploy.until('awaiting_approval');
  return deploy;
}
