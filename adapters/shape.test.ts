import { describe, expect, it } from 'vitest';
import { fakeAdapter } from '../test/fakes/adapter.ts';
import { faultsOf, isAdapter } from './shape.ts';

describe('what is offered as an adapter', () => {
  it('is one when it has all that is asked of it', () => {
    expect(faultsOf(fakeAdapter())).toEqual([]);
    expect(isAdapter(fakeAdapter())).toBe(true);
  });

  const { plan: _plan, ...withoutPlan } = fakeAdapter();
  const call = async () => ({ awaiting: {} });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'it is missing, not an adapter'],
    ['a class', class {}, 'it is a function, not an adapter'],
    ['one without a method', withoutPlan, 'the method plan is missing'],
    ['one with a name in capitals', { ...fakeAdapter(), name: 'Mine' }, 'not "Mine"'],
    ['one of a type there is not', { ...fakeAdapter(), type: 'lambda' }, 'type must be one of vm, vcluster'],
    ['one with a backend of its own', { ...fakeAdapter(), backend: 'mine' }, 'backend must be one of'],
    ['one without Pod Security', { ...fakeAdapter(), podSecurity: undefined }, 'podSecurity must be one of'],
    ['one that can what nobody knows', { ...fakeAdapter(), capabilities: ['fly'] }, 'holds "fly"'],
    [
      'one that says it can without a method',
      { ...fakeAdapter(), capabilities: ['restart'] },
      'restart is missing',
    ],
    ['one that can but does not say so', { ...fakeAdapter(), restart: call }, 'do not list restart'],
    [
      'one that can only stop',
      { ...fakeAdapter(), capabilities: ['stop'], stop: call },
      'start and stop must come together',
    ],
    ['one without health', { ...fakeAdapter(), health: undefined }, 'health is missing'],
    ['one that judges nothing', { ...fakeAdapter(), health: { kinds: [] } }, 'health.judge is missing'],
    ['one that watches words', { ...fakeAdapter(), health: { kinds: ['Pod'] } }, 'health.kinds must be'],
  ])('is none when it is %s', (_, offered, fault) => {
    expect(faultsOf(offered).join('; ')).toContain(fault);
    expect(isAdapter(offered)).toBe(false);
  });
});
