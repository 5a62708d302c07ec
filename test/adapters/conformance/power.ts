import { describe, expect, it } from 'vitest';
import { declared, identities } from './cluster-contents.ts';
import { useRuntime } from './runtime-under-test.ts';
import type { Conformance } from './suite.ts';
import type { Walked } from './walker.ts';

/** Stopping, and starting what was stopped. */
export function describePower(suite: Conformance): void {
  describe('stops and starts', () => {
    const runtime = useRuntime(suite);
    let whole: Record<string, unknown>;
    let stopped: Walked;

    it('plans a stop without changing anything', async () => {
      const { adapter, walker, contents, running } = runtime();
      whole = declared(await contents());
      await adapter.plan(walker.step({ verb: 'stop', force: false }, { ...running, power: 'stopped' }));
      expect(declared(await contents())).toEqual(whole);
    });

    it('stops: nothing runs any more, and it is judged stopped', async () => {
      const { walker, running, judge, incarnations } = runtime();
      stopped = await walker.walk({ verb: 'stop', force: false }, { ...running, power: 'stopped' });
      expect(await judge()).toMatchObject({ status: 'stopped' });
      expect(await incarnations()).toEqual([]);
    });

    it('does nothing more when the stop is repeated', async () => {
      const { walker, contents } = runtime();
      const before = identities(await contents());
      await walker.reach(stopped.step, await walker.begin(stopped.step, stopped.plan.base));
      expect(identities(await contents())).toEqual(before);
    });

    it('starts exactly what was', async () => {
      const { walker, running, judge, contents } = runtime();
      const started = await walker.walk({ verb: 'start' }, running);
      expect(await judge()).toMatchObject({ status: 'healthy' });
      expect(declared(await contents())).toEqual(whole);
      const before = identities(await contents());
      await walker.reach(started.step, await walker.begin(started.step, started.plan.base));
      expect(identities(await contents())).toEqual(before);
    });

    it('runs again as it was when a stop is undone', async () => {
      const { walker, running, judge, contents } = runtime();
      const step = walker.step({ verb: 'stop', force: false }, { ...running, power: 'stopped' });
      const { base } = await walker.adapter.plan(step);
      await walker.begin(step, base);
      await walker.undo(step, base);
      expect(await judge()).toMatchObject({ status: 'healthy' });
      expect(declared(await contents())).toEqual(whole);
    });

    it('deletes what is stopped', async () => {
      const { walker, running, contents, empty } = runtime();
      await walker.walk({ verb: 'stop', force: true }, { ...running, power: 'stopped' });
      await walker.walk({ verb: 'delete' });
      expect(Object.keys(declared(await contents()))).toEqual(Object.keys(declared(empty)));
    });
  });
}
