import { describe, expect, it } from 'vitest';
import { AdapterFailure } from '../../../adapters/failure.ts';
import type { Change } from '../../../domain/change.ts';
import { declared, identities } from './cluster-contents.ts';
import { useRuntime } from './runtime-under-test.ts';
import type { Conformance } from './suite.ts';
import type { Walked } from './walker.ts';

/** Moving to another node. */
export function describeMigrating(suite: Conformance): void {
  describe('migrates', () => {
    const runtime = useRuntime(suite);
    let moved: Walked;

    it('refuses to move to a node there is none of, and changes nothing', async () => {
      const { adapter, walker, contents } = runtime();
      const before = identities(await contents());
      const nowhere = walker.step({ verb: 'migrate', targetNode: 'no-such-node' });
      const refusal = await adapter.plan(nowhere).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refusal).toBeInstanceOf(AdapterFailure);
      expect(refusal).toMatchObject({ code: 'migration_impossible' });
      expect(identities(await contents())).toEqual(before);
    });

    it('moves, and is healthy there', async () => {
      const { walker, kubernetes, target, judge, seen } = runtime();
      const targetNode = await suite.migrateTo?.(kubernetes, target);
      const change: Change = { verb: 'migrate', ...(targetNode !== undefined && { targetNode }) };
      moved = await walker.walk(change);
      expect(await judge()).toMatchObject({ status: 'healthy' });
      const nodes = (await seen()).pods.filter(pod => !pod.terminating).map(({ nodeName }) => nodeName);
      if (targetNode !== undefined && nodes.length > 0) expect(nodes).toContain(targetNode);
    });

    it('does not move a second time when the same step is repeated', async () => {
      const { walker, contents } = runtime();
      const before = await contents();
      await walker.reach(moved.step, await walker.begin(moved.step, moved.plan.base));
      expect(identities(await contents())).toEqual(identities(before));
      expect(declared(await contents())).toEqual(declared(before));
    });

    it('leaves nothing when it is deleted after a move', async () => {
      const { walker, contents, empty } = runtime();
      await walker.walk({ verb: 'delete' });
      expect(Object.keys(identities(await contents())).filter(key => !empty.has(key))).toEqual([]);
    });
  });
}
