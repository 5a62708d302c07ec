import { describe, expect, it } from 'vitest';
import { declared, identities } from './cluster-contents.ts';
import { useRuntime } from './runtime-under-test.ts';
import type { Conformance } from './suite.ts';
import type { Walked } from './walker.ts';

/** Replacing what runs by the same. */
export function describeRestarting(suite: Conformance): void {
  describe('restarts', () => {
    const runtime = useRuntime(suite);
    let restarted: Walked;

    it('replaces everything that ran, and what is declared stays', async () => {
      const { walker, judge, contents, incarnations } = runtime();
      const before = { declared: declared(await contents()), ran: await incarnations() };
      expect(before.ran.length).toBeGreaterThan(0);
      restarted = await walker.walk({ verb: 'restart' });
      const now = await incarnations();
      expect(now).toHaveLength(before.ran.length);
      expect(now.filter(uid => before.ran.includes(uid))).toEqual([]);
      expect(await judge()).toMatchObject({ status: 'healthy' });
      expect(declared(await contents())).toEqual(before.declared);
    });

    it('does not restart a second time when the same step is repeated', async () => {
      const { walker, contents, incarnations } = runtime();
      const before = { objects: identities(await contents()), ran: await incarnations() };
      await walker.reach(restarted.step, await walker.begin(restarted.step, restarted.plan.base));
      expect({ objects: identities(await contents()), ran: await incarnations() }).toEqual(before);
    });

    it('restarts again when it is another step of the same operation', async () => {
      const { walker, incarnations } = runtime();
      const before = await incarnations();
      const step = { ...walker.step({ verb: 'restart' }), operationId: restarted.step.operationId, index: 1 };
      const { base } = await walker.adapter.plan(step);
      await walker.reach(step, await walker.begin(step, base));
      expect((await incarnations()).filter(uid => before.includes(uid))).toEqual([]);
    });
  });
}
