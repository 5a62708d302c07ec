import { describe, expect, it } from 'vitest';
import type { Change, Desired } from '../../../domain/change.ts';
import { newId } from '../../../domain/ids.ts';
import { declared, identities } from './cluster-contents.ts';
import { useRuntime } from './runtime-under-test.ts';
import type { Conformance } from './suite.ts';

/** A cancelled operation changes nothing more. */
export function describeCancelling(suite: Conformance): void {
  describe('changes nothing once its operation is cancelled', () => {
    const runtime = useRuntime(suite);
    const cancelled = AbortSignal.abort(new Error('the operation was cancelled'));

    it.each(changesOf(suite))('and does not $change.verb', async ({ change, to }) => {
      const { walker, running, contents } = runtime();
      const before = await contents();
      const step = walker.step(change, { ...running, ...to });
      await expect(walker.begin(step, {}, cancelled)).rejects.toThrow('the operation was cancelled');
      expect(identities(await contents())).toEqual(identities(before));
      expect(declared(await contents())).toEqual(declared(before));
    });
  });
}

interface Cancelled {
  readonly change: Change;
  readonly to?: Partial<Desired>;
}

function changesOf({ capabilities, scaled }: Conformance): readonly Cancelled[] {
  const snapshot = { id: newId('snapshot'), name: 'cancelled' };
  const all: readonly Cancelled[] = [
    { change: { verb: 'stop', force: false }, to: { power: 'stopped' } },
    { change: { verb: 'start' } },
    { change: { verb: 'restart' } },
    { change: { verb: 'scale' }, ...(scaled && { to: { spec: scaled } }) },
    { change: { verb: 'snapshot', snapshot } },
    { change: { verb: 'restore', snapshot: { ...snapshot, ref: {} } } },
    { change: { verb: 'migrate' } },
  ];
  const can = (verb: string) => capabilities.some(capability => capability === verb);
  return [...all.filter(({ change }) => can(change.verb)), { change: { verb: 'delete' } }];
}
