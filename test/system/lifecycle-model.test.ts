import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { KINDS, placeOf } from './kinds.ts';
import { type Ask, Asking, type Model, nobody, type Real } from './lifecycle-model.ts';
import { type System, startSystem } from './system.ts';
import { podsOf, tracesIn } from './traces.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 180_000 });

const RUNS = 8;
const COMMANDS = 10;
const SEED = Number(process.env['RUNTIMEAI_TEST_SEED'] ?? Date.now() % 2 ** 31);

let system: System;

beforeAll(async () => {
  system = await startSystem();
});

afterAll(() => system?.stop());

const PLAIN = ['create', 'start', 'stop', 'restart', 'snapshot', 'migrate', 'delete'] as const;
const ODD = ['scale to nothing', 'restore what never was', 'stop and restart', 'stop and start'] as const;

const asks: fc.Arbitrary<Ask> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ what: fc.constant('create' as const) }) },
  { weight: 7, arbitrary: fc.record({ what: fc.constantFrom(...PLAIN) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('scale' as const),
      size: fc.constantFrom('small', 'medium', 'large'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ what: fc.constantFrom(...ODD) }) },
);

describe.each(KINDS.filter(({ type }) => type === 'sandbox' || type === 'vm'))('a $type', kind => {
  it('does in every state and order what its life allows, and refuses the rest', async () => {
    console.log(`lifecycle of a ${kind.type}: seed ${SEED}`);
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.commands([asks.map(ask => new Asking(ask))], { maxCommands: COMMANDS, size: 'max' }),
        async commands => {
          round += 1;
          await live(commands, round);
        },
      ),
      { seed: SEED, numRuns: RUNS, endOnFailure: true, verbose: 1 },
    );
  });

  async function live(commands: Iterable<fc.AsyncCommand<Model, Real>>, round: number): Promise<void> {
    const { developer: caller } = system.open.people;
    const name = `life-${round}`;
    const model: Model = { phase: 'none', size: 'small' };
    const real: Real = { caller, type: kind.type, name, can: kind.can, subject: nobody(caller) };
    await fc.asyncModelRun(() => ({ model, real }), commands);

    if (model.phase === 'running' || model.phase === 'stopped') await real.subject.isDeleted();
    const namespace = placeOf(kind, { tenantId: system.open.id, project: 'default' });
    expect(await podsOf(system.kubernetes, { namespace, runtimeId: real.subject.id })).toEqual([]);
    if (model.phase !== 'none') expect(await tracesIn(system.kubernetes, namespace)).toEqual([]);
  }
});
