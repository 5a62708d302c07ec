import { describe, expect, it } from 'vitest';
import { AdapterFailure } from '../../../adapters/failure.ts';
import type { SnapshotRef } from '../../../domain/change.ts';
import { newId } from '../../../domain/ids.ts';
import { identities } from './cluster-contents.ts';
import { useRuntime } from './runtime-under-test.ts';
import type { Conformance } from './suite.ts';
import type { Walked } from './walker.ts';

/** Copies of its state, and the way back to one. */
export function describeSnapshots(suite: Conformance): void {
  describe('takes snapshots', () => {
    const runtime = useRuntime(suite);
    const snapshot = { id: newId('snapshot'), name: 'before-lunch' };
    let taken: Walked;
    let ref: SnapshotRef;

    it('takes one, and says how to find it again and what is in it', async () => {
      const { walker, judge, kubernetes, target } = runtime();
      await suite.state?.write(kubernetes, target, 'before');
      taken = await walker.walk({ verb: 'snapshot', snapshot });
      const { result } = taken.reached;
      if (!result?.snapshot) throw new Error('the reached snapshot has no result.snapshot');
      ref = result.snapshot.ref;
      expect(Object.keys(ref).length).toBeGreaterThan(0);
      expect(result.snapshot.contents.length).toBeGreaterThan(0);
      expect(await judge()).toMatchObject({ status: 'healthy' });
    });

    it('takes no second one when the same step is repeated', async () => {
      const { walker, contents } = runtime();
      const before = identities(await contents());
      const again = await walker.reach(taken.step, await walker.begin(taken.step, taken.plan.base));
      expect(again.result?.snapshot?.ref).toEqual(ref);
      expect(identities(await contents())).toEqual(before);
    });

    it.runIf(suite.capabilities.includes('restore'))('restores one, once, and runs again', async () => {
      const { walker, judge, kubernetes, target, contents } = runtime();
      await suite.state?.write(kubernetes, target, 'after');
      const { step, plan } = await walker.walk({ verb: 'restore', snapshot: { ...snapshot, ref } });
      expect(await judge()).toMatchObject({ status: 'healthy' });
      if (suite.state) expect(await suite.state.read(kubernetes, target)).toBe('before');
      const before = identities(await contents());
      await walker.reach(step, await walker.begin(step, plan.base));
      expect(identities(await contents())).toEqual(before);
    });

    it.runIf(suite.capabilities.includes('restore'))('refuses to restore what is not there', async () => {
      const { adapter, walker, contents } = runtime();
      const before = identities(await contents());
      const gone = Object.fromEntries(Object.entries(ref).map(([name, value]) => [name, `${value}-gone`]));
      const missing = { id: newId('snapshot'), name: 'never-taken', ref: gone };
      const refusal = await adapter.plan(walker.step({ verb: 'restore', snapshot: missing })).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refusal).toBeInstanceOf(AdapterFailure);
      expect(refusal).toMatchObject({ code: 'snapshot_not_found' });
      expect(identities(await contents())).toEqual(before);
    });

    it('leaves none behind when the runtime is deleted', async () => {
      const { walker, contents, empty } = runtime();
      await walker.walk({ verb: 'delete' });
      const left = Object.keys(identities(await contents())).filter(key => !empty.has(key));
      expect(left).toEqual([]);
    });
  });
}
