import { describe, expect, it } from 'vitest';
import type { RuntimeSpec } from '../../../domain/runtime.ts';
import { declared, identities } from './cluster-contents.ts';
import { useRuntime } from './runtime-under-test.ts';
import type { Conformance } from './suite.ts';

/** Giving it more or less. */
export function describeScaling(suite: Conformance): void {
  describe('scales', () => {
    const runtime = useRuntime(suite);
    let small: Record<string, unknown>;
    let large: Record<string, unknown>;

    it('plans a scale as an update, without changing anything', async () => {
      const { adapter, walker, contents } = runtime();
      small = declared(await contents());
      const { summary } = await adapter.plan(
        walker.step({ verb: 'scale' }, { spec: scaledOf(suite), power: 'running' }),
      );
      expect(summary.update + summary.create + summary.remove).toBeGreaterThan(0);
      expect(declared(await contents())).toEqual(small);
    });

    it('makes it what is desired, once', async () => {
      const { walker, contents, judge } = runtime();
      const { step, plan } = await walker.walk(
        { verb: 'scale' },
        { spec: scaledOf(suite), power: 'running' },
      );
      large = declared(await contents());
      expect(large).not.toEqual(small);
      expect(await judge()).toMatchObject({ status: 'healthy' });
      const before = identities(await contents());
      await walker.reach(step, await walker.begin(step, plan.base));
      expect(identities(await contents())).toEqual(before);
    });

    it('restores what was when a scale is undone', async () => {
      const { walker, contents, judge, running } = runtime();
      await walker.walk({ verb: 'scale' }, running);
      expect(declared(await contents())).toEqual(small);
      const step = walker.step({ verb: 'scale' }, { spec: scaledOf(suite), power: 'running' });
      const { base } = await walker.adapter.plan(step);
      await walker.begin(step, base);
      await walker.undo(step, base);
      expect(declared(await contents())).toEqual(small);
      expect(await judge()).toMatchObject({ status: 'healthy' });
    });

    it.runIf(suite.capabilities.includes('stop'))(
      'stays stopped when it is scaled while stopped',
      async () => {
        const { walker, judge, running, incarnations } = runtime();
        await walker.walk({ verb: 'stop', force: false }, { ...running, power: 'stopped' });
        await walker.walk({ verb: 'scale' }, { spec: scaledOf(suite), power: 'stopped' });
        expect(await judge()).toMatchObject({ status: 'stopped' });
        expect(await incarnations()).toEqual([]);
      },
    );

    it.runIf(suite.capabilities.includes('stop'))('starts with the new size after that', async () => {
      const { walker, contents, judge } = runtime();
      await walker.walk({ verb: 'start' }, { spec: scaledOf(suite), power: 'running' });
      expect(declared(await contents())).toEqual(large);
      expect(await judge()).toMatchObject({ status: 'healthy' });
    });
  });
}

function scaledOf({ name, scaled }: Conformance): RuntimeSpec {
  if (!scaled) throw new Error(`${name} can scale: say what a scale makes of its spec (scaled)`);
  return scaled;
}
