import { describe, expect, it } from 'vitest';
import { answer, type Behaviour } from '../fakes/activities.ts';
import { admittedSteps, restarting, scaling, snapshotting } from './change-input.ts';
import { useControlPlane } from './use-control-plane.ts';

const plane = useControlPlane();
const failed = answer<'awaitStep'>({ status: 'failed', message: 'its pod cannot be pulled' });

/** Takes back what is asked, and makes this revision with it. */
const undoneBy =
  (revision: number): Behaviour<'undoStep'> =>
  async (_, usually) => ({ ...usually(), begun: { awaiting: {}, revision } });

describe('an intent', () => {
  const intent = {
    id: 'int_1',
    request: { goal: 'scale to large', policy_mode: 'safe_first', dry_run: false },
  } as const;
  const planned = (steps = [scaling], more = {}) =>
    admittedSteps(steps, { intent: { dryRun: false, cannot: [], ...more } });

  it('that is a dry run tries every step out and carries none of them out', async () => {
    const change = plane.prepareChange(planned([scaling, restarting], { dryRun: true }), {
      kind: 'intent',
      intent,
    });
    await change.start();

    expect(await change.result()).toMatchObject({
      outcome: 'succeeded',
      message: expect.stringContaining('dry run'),
    });
    expect(change.world.touched()).toEqual(['planStep', 'planStep']);
    expect(change.world.outcome()).toMatchObject({
      change: { steps: [{ status: 'skipped' }, { status: 'skipped' }] },
    });
  });

  it('that is taken back gives the records back revision and mark of before', async () => {
    const change = plane.prepareChange(
      { ...planned([scaling, restarting]), knownRevision: 4, verifiedOperationId: 'op_before' },
      { kind: 'intent', intent },
    );
    change.world
      .next('carryOutStep', answer({ awaiting: {}, revision: 5 }), answer({ awaiting: {}, revision: 6 }))
      .next('undoStep', undoneBy(7), undoneBy(8))
      .next('compareWithBefore', answer({ worse: 'its health was ok and is critical' }));
    await change.start();
    await change.result();

    const { operationId } = change.input;
    expect(change.world.stepsDone.map(({ done, mark, revision }) => [done, mark, revision])).toEqual([
      [{ verb: 'scale' }, operationId, 5],
      [{ verb: 'restart' }, `${operationId}.1`, 6],
      ['undone', operationId, 7],
      ['undone', 'op_before', 8],
    ]);
  });

  it('that is taken back keeps the snapshot it took', async () => {
    const change = plane.prepareChange(planned([snapshotting, scaling]), { kind: 'intent', intent });
    change.world.next('compareWithBefore', answer({ worse: 'its health was ok and is critical' }));
    await change.start();

    expect(await change.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(change.world.inputsOf('undoStep').map(({ step }) => step.index)).toEqual([1]);
  });

  it('that makes things worse is taken back, the last step first', async () => {
    const change = plane.prepareChange(planned([scaling, restarting]), { kind: 'intent', intent });
    change.world.next('compareWithBefore', answer({ worse: 'its health was ok and is critical' }));
    await change.start();

    expect(await change.result()).toMatchObject({
      outcome: 'rolled_back',
      message: 'its health was ok and is critical; what was before is back',
    });
    expect(change.world.inputsOf('undoStep').map(({ step }) => step.index)).toEqual([1, 0]);
  });

  it('is watched for its soak, and taken back when somebody stops it meanwhile', async () => {
    const change = plane.prepareChange(planned([scaling], { soakSeconds: 3600 }), { kind: 'intent', intent });
    await change.start();
    await expect.poll(() => change.world.stages.at(-1)?.message).toContain('watching for 3600 s');
    await change.cancel();

    expect(await change.result()).toMatchObject({
      outcome: 'cancelled',
      message: 'cancelled by olga; what was before is back',
    });
    expect(change.world.inputsOf('undoStep')).toHaveLength(1);
    expect(change.world.inputsOf('compareWithBefore')).toEqual([]);
  });

  it('of which nobody can see whether it did harm waits for a person', async () => {
    const change = plane.prepareChange(planned([scaling]), { kind: 'intent', intent });
    change.world.always('compareWithBefore', answer({ unknown: 'its health is unknown' }));
    await change.start();
    await change.untilCalled('compareWithBefore');
    await plane.skip('40 s');
    await change.until('needs_attention');
    change.world.recover('compareWithBefore');
    await change.resolve('retry');

    expect(await change.result()).toMatchObject({ outcome: 'succeeded' });
    expect(change.world.inputsOf('compareWithBefore')).toHaveLength(8);
  });

  it('that stays well for its soak has succeeded', async () => {
    const change = plane.prepareChange(planned([scaling], { soakSeconds: 0.2 }), { kind: 'intent', intent });
    await change.start();

    expect(await change.result()).toMatchObject({ outcome: 'succeeded' });
    expect(change.world.inputsOf('compareWithBefore')).toHaveLength(1);
  });

  it('whose second step fails is taken back as a whole', async () => {
    const change = plane.prepareChange(planned([scaling, restarting]), { kind: 'intent', intent });
    change.world.next('awaitStep', answer({ status: 'reached', message: 'large' }), failed);
    await change.start();

    expect(await change.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(change.world.inputsOf('undoStep').map(({ step }) => step.index)).toEqual([1, 0]);
  });

  it('without a plan fails and says what could not be planned', async () => {
    const change = plane.prepareChange(planned([], { cannot: ['goal: “fly” is not understood'] }), {
      kind: 'intent',
      intent,
    });
    await change.start();

    expect(await change.result()).toMatchObject({
      outcome: 'failed',
      message: 'no plan: goal: “fly” is not understood',
    });
  });

  it('whose goal is met already succeeds and does nothing', async () => {
    const change = plane.prepareChange(planned([]), { kind: 'intent', intent });
    await change.start();

    expect(await change.result()).toMatchObject({ outcome: 'succeeded' });
    expect(change.world.touched()).toEqual([]);
  });
});
