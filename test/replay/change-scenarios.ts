import type { AcceptedChange, ChangeRuntimeInput } from '../../domain/change-operation.ts';
import { CONSENT_NEEDED, consentWanted, DENIED } from '../builders/verdict.ts';
import { answer, type Behaviour, doneThen, fail, hang } from '../fakes/activities.ts';
import {
  admittedSteps,
  creating,
  deleting,
  restarting,
  scaling,
  snapshotting,
  starting,
  stopping,
} from '../workflows/change-input.ts';
import type { ControlPlane } from '../workflows/control-plane.ts';
import type { Deploy } from '../workflows/deploy.ts';
import type { Scenario } from './scenarios.ts';

type Run = Deploy<ChangeRuntimeInput>;
type World = Run['world'];
/** By the name of the saved history, `change-runtime.<name>.json`. */
export const CHANGES: Readonly<Record<string, Scenario>> = {
  succeeded: { ends: 'succeeded', play: plane => started(plane, { kind: 'stop', steps: [stopping] }) },
  succeeded_after_approval: { ends: 'succeeded', play: plane => decided(plane, 'approve') },
  rejected: { ends: 'rejected', play: plane => decided(plane, 'reject') },
  rejected_by_policy: {
    ends: 'rejected',
    async play(plane) {
      const refusal = { admitted: false, code: 'policy_denied', reason: 'production is frozen' } as const;
      const change = plane.prepareChange(refusal, { kind: 'stop' });
      await change.start().catch(() => 'refused, as it should be');
      return change;
    },
  },
  denied_between_steps: {
    ends: 'rejected',
    play: plane =>
      started(plane, { ...LIST, misbehave: world => world.next('clear', cleared, answer<'clear'>(DENIED)) }),
  },
  intent_denied_between_steps: {
    ends: 'rolled_back',
    play: plane =>
      started(plane, {
        ...intent(),
        misbehave: world => world.next('clear', cleared, answer<'clear'>(DENIED)),
      }),
  },
  asked_between_steps: {
    ends: 'succeeded',
    async play(plane) {
      const change = await started(plane, {
        ...LIST,
        misbehave: world => world.next('clear', cleared, answer<'clear'>(CONSENT_NEEDED)),
      });
      await change.until('awaiting_approval');
      await change.decide({ approvalId: 'apr_1' });
      return change;
    },
  },
  expired: { ends: 'expired', play: plane => started(plane, guarded(0.5)) },
  rolled_back: {
    ends: 'rolled_back',
    play: plane =>
      started(plane, {
        ...SCALE,
        knownRevision: 4,
        misbehave: world =>
          world.next('carryOutStep', answer({ awaiting: {}, revision: 5 })).next('awaitStep', failed),
      }),
  },
  create_undone: {
    ends: 'failed',
    play: plane =>
      started(plane, {
        kind: 'create',
        steps: [creating],
        misbehave: world => world.next('awaitStep', failed),
      }),
  },
  errored: {
    ends: 'errored',
    play: plane =>
      started(plane, {
        kind: 'start',
        steps: [starting],
        misbehave: world => world.next('planStep', fail('cluster_unreachable', 'connection refused')),
      }),
  },
  list: { ends: 'succeeded', play: plane => started(plane, LIST) },
  list_whose_second_step_fails: {
    ends: 'rolled_back',
    play: plane =>
      started(plane, {
        kind: 'actions',
        steps: [scaling, snapshotting, restarting],
        misbehave: world =>
          world.next('carryOutStep', answer({ awaiting: {} }), fail('snapshot_failed', 'no class for it')),
      }),
  },
  snapshot_with_result: {
    ends: 'succeeded',
    play: plane =>
      started(plane, {
        kind: 'snapshot',
        steps: [snapshotting],
        misbehave: world =>
          world.next('awaitStep', answer({ status: 'reached', message: 'taken', result: TAKEN })),
      }),
  },
  cancelled_while_waiting: {
    ends: 'cancelled',
    async play(plane) {
      const change = await started(plane, guarded());
      await change.until('awaiting_approval');
      await change.cancel({ reason: 'wrong size' });
      return change;
    },
  },
  cancelled_while_carried_out: {
    ends: 'cancelled',
    play: async plane => {
      const misbehave = (world: World) => world.next('carryOutStep', doneThen(hang()));
      return cancelledIn('carryOutStep', await started(plane, { ...LIST, misbehave }));
    },
  },
  cancelled_while_awaited: {
    ends: 'cancelled',
    play: async plane => {
      const misbehave = (world: World) => world.next('awaitStep', hang());
      return cancelledIn('awaitStep', await started(plane, { ...LIST, misbehave }));
    },
  },
  cancelled_between_steps: {
    ends: 'cancelled',
    play: async plane => {
      const misbehave = (world: World) => world.next('planStep', answer(NO_CHANGES), hang());
      const change = await started(plane, { ...LIST, misbehave });
      await change.untilCalled('planStep', 2);
      await change.cancel();
      return change;
    },
  },
  needs_attention: { ends: 'open', play: stuckOnTheWayBack },
  needs_attention_then_retried: {
    ends: 'rolled_back',
    async play(plane) {
      const change = await stuckOnTheWayBack(plane);
      await change.resolve('retry');
      return change;
    },
  },
  abandoned: {
    ends: 'abandoned',
    async play(plane) {
      const change = await stuckOnTheWayBack(plane);
      await change.resolve('abandon');
      return change;
    },
  },
  delete: { ends: 'succeeded', play: plane => started(plane, { kind: 'delete', steps: [deleting] }) },
  delete_that_was_retried: {
    ends: 'succeeded',
    async play(plane) {
      const change = await started(plane, {
        kind: 'delete',
        steps: [deleting],
        misbehave: world =>
          world.next('awaitStep', answer({ status: 'failed', message: 'a finalizer holds it' })),
      });
      await change.until('needs_attention');
      await change.resolve('retry');
      return change;
    },
  },
  intent: { ends: 'succeeded', play: plane => started(plane, intent()) },
  intent_that_stayed_well: { ends: 'succeeded', play: plane => started(plane, intent({ soakSeconds: 0.2 })) },
  intent_that_was_stopped_in_its_soak: {
    ends: 'cancelled',
    async play(plane) {
      const change = await started(plane, intent({ soakSeconds: 3600 }));
      // Each of its two steps is watched, and then the soak begins.
      await change.untilCalled('recordStage', 3);
      await change.cancel();
      return change;
    },
  },
  intent_that_was_tried_out: {
    ends: 'succeeded',
    play: plane => started(plane, intent({ dryRun: true })),
  },
  intent_that_cannot_be_planned: {
    ends: 'failed',
    play: plane => started(plane, { ...intent({ cannot: ['goal: “fly” is not understood'] }), steps: [] }),
  },
  intent_that_made_things_worse: {
    ends: 'rolled_back',
    play: plane =>
      started(plane, {
        ...intent(),
        steps: [snapshotting, scaling, restarting],
        misbehave: world =>
          world.next('compareWithBefore', answer({ worse: 'its health was ok and is critical' })),
      }),
  },
  intent_whose_second_step_fails: {
    ends: 'rolled_back',
    play: plane =>
      started(plane, {
        ...intent(),
        misbehave: world => world.next('awaitStep', answer({ status: 'reached', message: 'large' }), failed),
      }),
  },
};

/** What is asked for, what admission says beside its steps, and how the world misbehaves. */
type Story = Partial<Omit<AcceptedChange, 'intent'>> & {
  readonly kind: ChangeRuntimeInput['kind'];
  readonly steps: AcceptedChange['steps'];
  readonly misbehave?: (world: World) => unknown;
  readonly intent?: ChangeRuntimeInput['intent'];
  readonly planned?: AcceptedChange['intent'];
};

const cleared: Behaviour<'clear'> = async (_, usually) => usually();
const SCALE: Story = { kind: 'scale', steps: [scaling] };
const LIST: Story = { kind: 'actions', steps: [scaling, restarting] };
const failed = answer<'awaitStep'>({ status: 'failed', message: 'its pod cannot be pulled' });
const NO_CHANGES = { summary: { create: 0, update: 0, unchanged: 0, remove: 0 }, changes: [], base: {} };
const TAKEN = { snapshot: { ref: { name: 'one' }, contents: ['its volume'] } };

function guarded(expiresInSeconds = 3600): Story {
  return {
    ...SCALE,
    policy: consentWanted({ reason: 'scaling needs an approval', expiresInSeconds }),
  };
}

function intent(planned: Partial<NonNullable<AcceptedChange['intent']>> = {}): Story {
  const { dryRun = false, cannot = [], ...more } = planned;
  const request = { goal: 'scale to large', policy_mode: 'safe_first', dry_run: dryRun } as const;
  return { ...LIST, kind: 'intent', intent: { id: 'int_1', request }, planned: { dryRun, cannot, ...more } };
}

async function started(
  plane: ControlPlane,
  { kind, steps, misbehave, intent: asked, planned, ...admission }: Story,
): Promise<Run> {
  const change = plane.prepareChange(
    admittedSteps(steps, { ...admission, ...(planned && { intent: planned }) }),
    { kind, ...(asked && { intent: asked }) },
  );
  misbehave?.(change.world);
  await change.start();
  return change;
}

async function decided(plane: ControlPlane, decision: 'approve' | 'reject'): Promise<Run> {
  const change = await started(plane, guarded());
  await change.until('awaiting_approval');
  await change.decide({ approvalId: 'apr_1', decision, comment: 'looked at the plan' });
  return change;
}

async function cancelledIn(activity: 'carryOutStep' | 'awaitStep', change: Run): Promise<Run> {
  await change.untilCalled(activity);
  await change.cancel();
  return change;
}

async function stuckOnTheWayBack(plane: ControlPlane): Promise<Run> {
  const change = await started(plane, {
    ...SCALE,
    misbehave: world =>
      world.next('awaitStep', failed).next('undoStep', fail('cluster_refused', 'the webhook says no')),
  });
  await change.until('needs_attention');
  return change;
}
