import { CONSENT_NEEDED, DENIED } from '../builders/verdict.ts';
import { answer, doneThen, fail, hang } from '../fakes/activities.ts';
import type { ControlPlane } from '../workflows/control-plane.ts';
import type { Deploy } from '../workflows/deploy.ts';
import { firstInstall, needsApproval, refusal, secondApprover, upgrade } from '../workflows/deploy-input.ts';
import type { Scenario } from './scenarios.ts';

/** By the name of the saved history, `deploy-runtime.<name>.json`. */
export const DEPLOYS: Readonly<Record<string, Scenario>> = {
  succeeded: { ends: 'succeeded', play: async plane => started(plane.prepare(firstInstall())) },
  succeeded_after_approval: {
    ends: 'succeeded',
    play: plane => decided(plane, 'approve'),
  },
  rejected: { ends: 'rejected', play: plane => decided(plane, 'reject') },
  rejected_by_policy: {
    ends: 'rejected',
    async play(plane) {
      const deploy = plane.prepare(refusal('policy_denied', 'production is frozen'));
      await deploy.start().catch(() => 'refused, as it should be');
      return deploy;
    },
  },
  denied_before_acting: {
    ends: 'rejected',
    async play(plane) {
      const deploy = plane.prepare(upgrade());
      deploy.world.next('clear', answer<'clear'>(DENIED));
      return started(deploy);
    },
  },
  asked_again: {
    ends: 'succeeded',
    async play(plane) {
      const deploy = plane.prepare(needsApproval());
      const difference = 'what would change in the cluster: Deployment agent';
      deploy.world.next('clear', answer<'clear'>({ ...CONSENT_NEEDED, supersedes: 'apr_1', difference }));
      await approved(await started(deploy), 'apr_1');
      await deploy.untilCalled('openApproval', 2);
      return approved(deploy, 'apr_2');
    },
  },
  withdrawn_then_approved: {
    ends: 'succeeded',
    async play(plane) {
      const deploy = await started(plane.prepare(needsApproval({ quorum: 2 })));
      await approved(deploy, 'apr_1');
      await deploy.withdraw({ approvalId: 'apr_1', comment: 'let me look again' });
      await deploy.decide({ approvalId: 'apr_1', by: secondApprover });
      return approved(deploy, 'apr_1');
    },
  },
  expired: {
    ends: 'expired',
    play: async plane => started(plane.prepare(needsApproval({ expiresInSeconds: 0.5 }))),
  },
  rolled_back: {
    ends: 'rolled_back',
    async play(plane) {
      const deploy = plane.prepare(upgrade());
      deploy.world.next('awaitRollout', hang()).next('readRollout', answer(progressing));
      return started(deploy);
    },
  },
  failed_first_install: {
    ends: 'failed',
    async play(plane) {
      const deploy = plane.prepare(firstInstall());
      deploy.world.next('installRelease', doneThen(fail('helm_failed', 'a Service is not allowed here')));
      return started(deploy);
    },
  },
  cancelled_while_waiting: {
    ends: 'cancelled',
    async play(plane) {
      const deploy = await started(plane.prepare(needsApproval()));
      await deploy.until('awaiting_approval');
      await deploy.cancel({ reason: 'wrong version' });
      return deploy;
    },
  },
  cancelled_while_applying: {
    ends: 'cancelled',
    async play(plane) {
      const deploy = plane.prepare(upgrade());
      deploy.world.next('installRelease', doneThen(hang()));
      await deploy.start();
      await deploy.untilCalled('installRelease');
      await deploy.cancel();
      return deploy;
    },
  },
  cancelled_while_verifying: {
    ends: 'cancelled',
    async play(plane) {
      const deploy = plane.prepare(upgrade(), { verification: { timeout_seconds: 60, soak_seconds: 0 } });
      deploy.world.next('awaitRollout', hang());
      await deploy.start();
      await deploy.untilCalled('awaitRollout');
      await deploy.cancel();
      return deploy;
    },
  },
  needs_attention: { ends: 'open', play: stuckOnTheWayBack },
  needs_attention_then_retried: {
    ends: 'rolled_back',
    async play(plane) {
      const deploy = await stuckOnTheWayBack(plane);
      await deploy.resolve('retry');
      return deploy;
    },
  },
  abandoned: {
    ends: 'abandoned',
    async play(plane) {
      const deploy = await stuckOnTheWayBack(plane);
      await deploy.resolve('abandon');
      return deploy;
    },
  },
  errored: {
    ends: 'errored',
    async play(plane) {
      const deploy = plane.prepare(upgrade());
      deploy.world.next('planRelease', fail('cluster_unreachable', 'connection refused'));
      return started(deploy);
    },
  },
};

const progressing = {
  status: 'progressing',
  reason: '0 of 2 pods ready',
  ready_pods: 0,
  total_pods: 2,
} as const;

async function started(deploy: Deploy): Promise<Deploy> {
  await deploy.start();
  return deploy;
}

async function approved(deploy: Deploy, approvalId: string): Promise<Deploy> {
  await deploy.until('awaiting_approval');
  await deploy.decide({ approvalId });
  return deploy;
}

async function decided(plane: ControlPlane, decision: 'approve' | 'reject'): Promise<Deploy> {
  const deploy = plane.prepare(needsApproval());
  await deploy.start();
  const approvalId = 'apr_1';
  await deploy.until('awaiting_approval');
  await deploy.decide({ approvalId, decision, comment: 'looked at the diff' });
  return deploy;
}

async function stuckOnTheWayBack(plane: ControlPlane): Promise<Deploy> {
  const deploy = plane.prepare(upgrade());
  deploy.world
    .next('awaitRollout', answer({ ...progressing, status: 'failed' }))
    .next('rollbackRelease', fail('helm_failed', 'another operation is in progress'));
  await deploy.start();
  await deploy.until('needs_attention');
  return deploy;
}
